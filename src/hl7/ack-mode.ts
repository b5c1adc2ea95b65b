/**
 * Which replies a message is owed (HL7 v2.5.1 §2.9.2 original mode, §2.9.3 enhanced mode, table 0155).
 *
 * Enhanced mode: the commit acknowledgment says whether the message is in safe storage, the application acknowledgment
 * what came of it. A message that is refused with CE or CR gets no application acknowledgment: there is nothing to
 * apply. Where the sender did not ask for a refusal in a commit acknowledgment, it hears of it in the other, if it
 * asked there.
 */
import type { AckCode, CommitCode, OwedReplies } from '../model/acknowledgment.ts';
import type { AcknowledgmentSettings } from './acknowledgment-settings.ts';
import type { MessageHeader } from './header.ts';

/** What the sender of a message asks for: MSH-15 and MSH-16, '' where neither AL, NE, ER nor SU stands. */
interface Asked {
  readonly commit: Condition | '';
  readonly application: Condition | '';
}

type Condition = 'AL' | 'NE' | 'ER' | 'SU';

const COMMIT_CODES = { AA: 'CA', AE: 'CE', AR: 'CR' } as const satisfies Readonly<Record<AckCode, CommitCode>>;
const NOTHING_OWED: OwedReplies = { mode: 'original', commit: null, application: null };

/**
 * The replies that are owed when the outcome is `code`. `header`: null when nothing could be read, which is answered in
 * original mode. An acknowledgment is never answered: two systems would go on for ever.
 */
export function owedReplies(
  header: MessageHeader | null,
  code: AckCode,
  settings: Pick<AcknowledgmentSettings, 'mode' | 'commit' | 'application'>,
): OwedReplies {
  if (header !== null && isAcknowledgment(header)) return NOTHING_OWED;
  const asked = askedBy(header);
  const isAsked = asked.commit !== '' || asked.application !== '';
  if (settings.mode === 'original' || (settings.mode === 'auto' && !isAsked))
    return { mode: 'original', commit: null, application: code };
  const isGood = code === 'AA';
  // MSH-16 alone with AL is original mode by another name (§2.9.3); nobody is left without a word who did not say NE.
  const commitMeant = asked.commit || (asked.application === 'AL' ? 'NE' : 'AL');
  const commitRule = settings.commit === 'as-asked' ? commitMeant : settings.commit;
  const applicationRule = settings.application === 'as-asked' ? asked.application || 'NE' : settings.application;
  const commit = isOwed(commitRule, isGood) ? COMMIT_CODES[code] : null;
  const wasRefused = commit !== null && !isGood;
  return { mode: 'enhanced', commit, application: !wasRefused && isOwed(applicationRule, isGood) ? code : null };
}

/** MSH-9.1 of general and delayed acknowledgments (HL7 table 0076). */
export const isAcknowledgment = ({ messageCode }: Pick<MessageHeader, 'messageCode'>): boolean =>
  messageCode === 'ACK' || messageCode === 'MCF';

function askedBy(header: MessageHeader | null): Asked {
  const field = (number: number): Condition | '' => {
    const text = header?.field(number).trim().toUpperCase() ?? '';
    return text === 'AL' || text === 'NE' || text === 'ER' || text === 'SU' ? text : '';
  };
  return { commit: field(15), application: field(16) };
}

const isOwed = (rule: Condition, isGood: boolean): boolean =>
  rule === 'AL' || (rule === 'ER' && !isGood) || (rule === 'SU' && isGood);
