/** MFK Master file acknowledgment: one MFA for each record (HL7 v2.5.1 ch. 8, tables 0179 and 0181). */
import type { Hl7Message, Hl7Segment } from '../hl7/message.ts';
import type { ApplicationReply, ReplyField, ReplySegment } from '../hl7/reply-body.ts';
import type { JudgedMessage, LineOutcome } from './mapping.ts';

/** Which records the sender wants to hear of: MFI-6 (table 0179). Anything else is read as all. */
const LEVELS: Readonly<Record<string, (success: boolean) => boolean>> = {
  NE: () => false,
  ER: (success) => !success,
  SU: (success) => success,
};

/** The code of a record that was not taken, with why; a record that is held for a person was not taken yet. */
const NOT_TAKEN = 'Not taken because another record of the message was refused; correct and send again.';

/** The MFK of a message: MFI as it came, then what became of each record. */
export function masterReply(message: Hl7Message, judged: JudgedMessage): ApplicationReply {
  const mfi = message.segment('MFI');
  const level = LEVELS[(mfi?.value(6) ?? '').trim()] ?? (() => true);
  const records = message.groups('MFE').flatMap(({ first }, index) => {
    const own = judged.outcomes.filter(({ line }) => line === `MFE[${index + 1}]`);
    const error = errorOf(own, judged);
    return level(error === null) ? [recordStatus(first, error)] : [];
  });
  const file = mfi === undefined ? [] : [{ name: 'MFI', fields: echoed(mfi, [1, 2, 3, 4, 5, 6]) }];
  return { messageCode: 'MFK', structure: 'MFK_M01', segments: [...file, ...records] };
}

function errorOf(outcomes: readonly LineOutcome[], { ackCode }: JudgedMessage): string | null {
  for (const outcome of outcomes) {
    if (outcome.ok) continue;
    const [problem] = outcome.problems;
    const what = problem === undefined ? 'no event' : `${problem.path}: ${problem.text}`;
    return ackCode === 'AA' ? `Held for review: ${what}` : what;
  }
  return ackCode === 'AA' ? null : NOT_TAKEN;
}

/** MFA-3, the time of completion, is left empty: the message is booked later, by the destination. */
const recordStatus = (mfe: Hl7Segment, error: string | null): ReplySegment => ({
  name: 'MFA',
  fields: [
    ...echoed(mfe, [1, 2]),
    '',
    error === null ? ['S', '', 'HL70181'] : ['U', error, 'HL70181'],
    ...echoed(mfe, [4, 5]),
  ],
});

const echoed = (segment: Hl7Segment, fields: readonly number[]): ReplyField[] =>
  fields.map((field) => ({ segment, field }));
