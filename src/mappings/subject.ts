/** Whom a part of a message is about: patient, encounter and billing account by the rules of the profile. */
import type { Hl7Message, Hl7Segment, SegmentGroup } from '../hl7/message.ts';
import type { Identifier } from '../model/event.ts';
import { FieldReader, type ReadSession } from './fields.ts';
import { readByPaths, readPatientId } from './identity.ts';
import type { ChannelProfile } from './profile.ts';

/** Members that could not be read, or were not sent, are undefined. */
export interface Subject {
  readonly patientId: Identifier | undefined;
  readonly encounterId: Identifier | undefined;
  readonly account: Identifier | undefined;
}

/** Where the segments of a subject are looked for: a message, or a group of one. */
export interface SegmentScope {
  segment(name: string): Hl7Segment | undefined;
}

/**
 * Reads PID and PV1 of `scope`; `pid` is the name of its PID in problems. Only with `patient: 'required'` a missing
 * patient id is a problem; one that cannot be read always is.
 */
export function readSubject(
  scope: SegmentScope,
  session: ReadSession<undefined>,
  rules: { readonly profile: ChannelProfile; readonly patient: 'required' | 'optional'; readonly pid?: string },
): Subject {
  const { profile, patient, pid = 'PID' } = rules;
  const found: ReadSession<undefined> = { ...session, problems: [] };
  const patientId = readPatientId(new FieldReader(scope.segment('PID'), pid, found), profile);
  session.problems.push(...found.problems.filter(({ code }) => patient === 'required' || code !== 'required'));
  return {
    patientId,
    encounterId: readByPaths(scope, profile.encounterId, session, 'encounter'),
    account: readByPaths(scope, profile.account, session, 'account'),
  };
}

/** The segments of one patient's group, and those of the message that no group has (MSH, EVN). */
export const groupScope = (group: SegmentGroup, message: Hl7Message): SegmentScope => ({
  segment: (name) => group.segment(name) ?? (name === 'PID' || name === 'PV1' ? undefined : message.segment(name)),
});
