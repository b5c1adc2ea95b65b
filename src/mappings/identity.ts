/**
 * Who and what a message is about: patient, encounter, billing account, the ordering keys made of them, and the ids of
 * events.
 */
import type { Hl7Message, Hl7Segment } from '../hl7/message.ts';
import { readPath } from '../hl7/path.ts';
import type { EventKind, Identifier, IdentityDomain } from '../model/event.ts';
import { type EventId, type OrderingKey, uuid5 } from '../model/ids.ts';
import { type Deletion, FieldReader, type ReadSession } from './fields.ts';
import type { MappingContext } from './mapping.ts';
import type { ChannelProfile } from './profile.ts';

/** CX components: id, assigning authority, identifier type code (v2.5.1 ch. 2A). */
const AUTHORITY = 4;
const TYPE = 5;

/** What a key is about: the part of an ordering key before the colon. */
export type KeyDomain =
  | 'patient'
  | 'encounter'
  | 'account'
  | 'order'
  | 'requisition'
  | 'case'
  | 'appointment'
  | 'worker'
  | 'provider'
  | 'item'
  | 'department'
  | 'costcenter'
  | 'chargemaster'
  | 'masterrecord'
  | 'supplier'
  | 'payer'
  | 'invoice';

/**
 * An ordering key: the plain value, trimmed, without its assigning authority. Senders leave the authority out of some
 * messages and not of others; two keys for one account would break the order that a key exists for, while two accounts
 * that share a number only wait for each other.
 */
export const keyOf = (domain: KeyDomain, id: Pick<Identifier, 'value'>): OrderingKey =>
  `${domain}:${id.value}` as OrderingKey;

/**
 * Id of an event: facility, bytes of the message, kind and place. Same bytes, same id; other bytes under a reused
 * control id are another event. See docs/decisions/0006-event-identity.md. This must never change its output.
 */
export const eventIdOf = (context: MappingContext, kind: EventKind, place: string): EventId =>
  uuid5('event', context.facility.id, context.payloadHash, kind, place) as EventId;

/**
 * PID-3 by the preferences of the channel: authorities first, inside them the identifier types, then the types
 * alone, then the first repetition with a value (a social security number last), then PID-2 (kept for backward
 * compatibility until v2.6).
 */
export function readPatientId<OnDelete extends Deletion>(
  pid: FieldReader<OnDelete>,
  profile: ChannelProfile,
): Identifier | undefined {
  const chosen = chooseRepetition(pid, 3, profile.patientId);
  if (chosen !== 0) return pid.identifier(3, AUTHORITY, chosen) ?? undefined;
  return pid.required(pid.identifier(2) ?? undefined, 3, 'a patient id');
}

/** Table 0203: numbers of a person outside the hospital. They leave the facility only where nothing else is sent. */
const OTHER_DOCUMENTS: ReadonlySet<string> = new Set(['SS', 'DL', 'PPN']);

/**
 * The repetition of a CX field that the rules prefer, else the first with a value that is not of `OTHER_DOCUMENTS`,
 * else the first with a value; 0 when none has one.
 */
export function chooseRepetition(pid: FieldReader, field: number, rules: ChannelProfile['patientId']): number {
  let first = 0;
  let other = 0;
  let best = Number.POSITIVE_INFINITY;
  let chosen = 0;
  const count = pid.repetitions(field);
  for (let repetition = 1; repetition <= count; repetition += 1) {
    const value = pid.plain(field, 1, 1, repetition);
    if (value === '' || value === '""') continue;
    const isOtherDocument = OTHER_DOCUMENTS.has(pid.plain(field, TYPE, 1, repetition));
    if (first === 0 && !isOtherDocument) first = repetition;
    if (other === 0 && isOtherDocument) other = repetition;
    const rank = rankOf(pid, { field, repetition }, rules);
    if (rank < best) {
      best = rank;
      chosen = repetition;
    }
  }
  return chosen || first || other;
}

/** Lower is better: position of the authority, then of the type; infinite when neither is known. */
function rankOf(
  pid: FieldReader,
  { field, repetition }: { readonly field: number; readonly repetition: number },
  { authorities, types }: ChannelProfile['patientId'],
): number {
  const authority = authorities.indexOf(pid.plain(field, AUTHORITY, 1, repetition));
  const type = types.indexOf(pid.plain(field, TYPE, 1, repetition));
  if (authority < 0 && type < 0) return Number.POSITIVE_INFINITY;
  const authorityRank = authority < 0 ? authorities.length : authority;
  return authorityRank * (types.length + 1) + (type < 0 ? types.length : type);
}

/** What kind of number stands in a field that a profile may name. */
const DOMAINS_BY_FIELD: Readonly<Record<string, IdentityDomain>> = {
  'PID-2': 'patient',
  'PID-3': 'patient',
  'PID-18': 'account',
  'MRG-3': 'account',
  'PV1-19': 'encounter',
  'PV1-50': 'encounter',
};

const domainOf = (path: string, member: IdentityDomain): IdentityDomain =>
  DOMAINS_BY_FIELD[path.replace(/\.\d+$/, '')] ?? member;

/**
 * Every key under which events about a number may stand: that of its own domain, and those of `account` and `encounter`
 * where the profile takes them from its field.
 */
export function keysOfNumber(domain: IdentityDomain, id: Identifier, profile: ChannelProfile): readonly OrderingKey[] {
  const taken = (member: 'account' | 'encounter', paths: readonly string[]): readonly OrderingKey[] =>
    paths.some((path) => domainOf(path, member) === domain) ? [keyOf(member, id)] : [];
  return [
    ...new Set([keyOf(domain, id), ...taken('account', profile.account), ...taken('encounter', profile.encounterId)]),
  ];
}

/** Of numbers that a fallback of the profile took from a field of another kind: a visit number as account, say. */
const takenFrom = new WeakMap<Identifier, IdentityDomain>();

/** What kind of number an identifier that was read here is; undefined: what it is used as. */
export const kindOfNumber = (id: Identifier): IdentityDomain | undefined => takenFrom.get(id);

/** The first of `paths` that has a value. HL7 null counts as none. */
export function readByPaths<OnDelete extends Deletion>(
  message: { segment(name: string): Hl7Segment | undefined },
  paths: readonly string[],
  session: ReadSession<OnDelete>,
  member: 'account' | 'encounter',
): Identifier | undefined {
  for (const path of paths) {
    const place = readPath(path);
    const segment = place === null ? undefined : message.segment(place.segment);
    if (place === null || place.field === null || segment === undefined) continue;
    const { field, component } = place;
    const reader = new FieldReader(segment, place.segment, session);
    const value = reader.plain(field, component ?? 1);
    if (value === '' || value === '""') continue;
    const part = component === null || component === 1 ? reader.identifier(field) : partOf(reader, field, component);
    const domain = DOMAINS_BY_FIELD[`${place.segment}-${field}`] ?? member;
    if (domain !== member && part !== undefined && part !== null) takenFrom.set(part, domain);
    return part ?? undefined;
  }
  return undefined;
}

function partOf(reader: FieldReader, field: number, component: number): Identifier | undefined {
  const value = reader.reference(field, component);
  return value === undefined ? undefined : { value };
}

/** The problem of an identity that no path gives. */
export function missingIdentity(
  what: string,
  paths: readonly string[],
): { code: 'required'; path: string; text: string } {
  return { code: 'required', path: paths[0] ?? '', text: `Expected ${what} in ${paths.join(', ')}.` };
}

/** A message about two patients read as one would book the second one's facts on the first. */
export function refuseSeveral<OnDelete extends Deletion>(message: Hl7Message, session: ReadSession<OnDelete>): void {
  for (const name of ['PID', 'PV1']) {
    if (message.segments(name).length <= 1) continue;
    session.problems.push({
      code: 'out-of-range',
      path: `${name}[2]`,
      text: `Expected one ${name} segment in this message.`,
    });
  }
}
