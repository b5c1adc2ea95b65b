/**
 * CSU Unsolicited study data (HL7 v2.5.1 ch. 7) as operating rooms report with it: C10 at the end of a case, C12 a
 * correction. Each OBX-5 is one used supply; where its parts are is a setting of the channel.
 */
import type { Hl7Message, Hl7Segment } from '../hl7/message.ts';
import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import type { CanonicalEvent, Code } from '../model/event.ts';
import { keyOf, refuseSeveral } from './identity.ts';
import { type LineOutcome, type Mapping, type MappingContext, WHOLE_MESSAGE } from './mapping.ts';
import { nothingIn, openReading, Part } from './parts.ts';
import { anyCode } from './quantities.ts';
import { readSubject } from './subject.ts';
import { type CaseFacts, readCaseId, usageEvent, usageLines } from './usage.ts';

export const csu: Mapping = {
  messageTypes: ['CSU^C10', 'CSU^C12'],
  summary: 'A used or returned supply for each OBX-5; C10 with OBR also completes the procedure.',
  emits: ['supply.used', 'supply.returned', 'procedure.completed'],
  map: mapCase,
};

function mapCase(message: Hl7Message, context: MappingContext): readonly LineOutcome[] {
  const reading = openReading(message, context, ['PID', 'PV1', 'CSR', 'CSS', 'OBR', 'OBX']);
  refuseSeveral(message, reading.session);
  if (message.segments('CSR').length > 1) {
    reading.session.problems.push({
      code: 'out-of-range',
      path: 'CSR[2]',
      text: 'Expected one CSR segment in this message.',
    });
  }
  const subject = readSubject(message, reading.session, { profile: context.profile, patient: 'optional' });
  const facts: CaseFacts = { subject, caseId: readCaseId(reading) };
  const lines = usageLines(message).flatMap((line) => {
    const part = new Part(reading, line.place);
    return part.outcomes([usageEvent(part, line, facts)]);
  });
  const isDone = reading.times.common.trigger === 'C10' && message.segment('OBR') !== undefined;
  const part = new Part(reading, WHOLE_MESSAGE);
  const done = isDone ? part.outcomes([completedEvent(part, facts)]) : [];
  const outcomes = [...lines, ...done];
  return outcomes.length === 0 ? nothingIn(reading, 'OBX', 'at least one used supply (OBX-5)') : outcomes;
}

function completedEvent(part: Part, { subject, caseId }: CaseFacts): CanonicalEvent | null {
  const { message, context } = part.reading;
  const segments = message.segments('OBR');
  if (caseId === undefined) {
    const [path = ''] = context.profile.usage.caseId;
    part.problem('required', path, 'Expected a case id.');
  }
  const procedures = readProcedures(part, segments);
  const pv1 = part.reader(message.segment('PV1'), 'PV1');
  const readers = segments.map((segment) => part.readerOf(segment));
  const pointOfCare = pv1.reference(3);
  // Times of one message have one offset as a rule, so their text sorts like the times.
  const started = readers.flatMap((obr) => obr.time(7) ?? []).sort();
  const ended = readers.flatMap((obr) => obr.time(8) ?? []).sort();
  const data = {
    ...subject,
    startedAt: started.at(0),
    endedAt: ended.at(-1),
    department: pointOfCare === undefined ? undefined : { code: pointOfCare },
  };
  if (caseId === undefined || procedures === undefined) return null;
  const orderingKey = keyOf('case', { value: caseId });
  part.keys.push(orderingKey);
  return part.event('procedure.completed', {
    orderingKey,
    effectiveTime: data.endedAt ?? data.startedAt,
    data: { caseId, procedures, ...data },
  });
}

function readProcedures(part: Part, segments: readonly Hl7Segment[]): Code[] | undefined {
  const procedures = new Map<string, Code>();
  for (const segment of segments) {
    const obr = part.readerOf(segment);
    const code = anyCode(obr, 44) ?? anyCode(obr, 4);
    if (code !== undefined && !procedures.has(code.code)) procedures.set(code.code, code);
  }
  if (procedures.size > LIST_ELEMENTS_MAX) {
    part.problem('limit', 'OBR', `Expected at most ${LIST_ELEMENTS_MAX} procedures in one case.`);
    return undefined;
  }
  if (procedures.size > 0) return [...procedures.values()];
  part.problem('required', 'OBR-44', 'Expected a procedure code.');
  return undefined;
}
