/** A stored message judged by the present configuration of its channel. */
import type { StoredMessage } from '../../outbox/frames.ts';
import { parseMessage } from '../hl7/parse.ts';
import type { Problem } from '../model/problem.ts';
import type { IntakeChannel, IntakeParts } from './intake.ts';
import { type Judgment, judge } from './judge.ts';
import { factsOf, type MessageFacts } from './ledger.ts';
import { routedMessage } from './understand.ts';

/** What it gives now; its events have the ids and stamps that they had at first. */
export type JudgedAgain =
  | { readonly ok: true; readonly judgment: Judgment; readonly facts: MessageFacts }
  | { readonly ok: false; readonly problem: Problem };

/** Writes nothing. */
export function judgeAgain(
  stored: StoredMessage,
  { channel, facility, ledger }: { readonly channel: IntakeChannel } & Pick<IntakeParts, 'facility' | 'ledger'>,
): JudgedAgain {
  const parsed = parseMessage(stored.frame, channel.format);
  if (!parsed.ok) return parsed;
  const { payloadHash, receivedAtMs } = stored.header;
  const { profile, policy } = channel;
  // As the message was understood when it came: merges that came after it do not count.
  const identities = ledger.identities.draft(stored.sequence);
  const judgment = judge(parsed.message, { facility, profile, policy, payloadHash, receivedAtMs, identities });
  return { ok: true, judgment, facts: factsOf(stored, routedMessage(parsed.message)) };
}
