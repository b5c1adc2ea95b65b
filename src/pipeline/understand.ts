/** Reads one message and judges it: everything that is decided about it before anything is stored. */
import type { IdentityDraft } from '../../outbox/identity-draft.ts';
import type { MessageHeader } from '../hl7/header.ts';
import type { Hl7Message } from '../hl7/message.ts';
import type { ParsedMessage } from '../hl7/parse.ts';
import type { MessageFlag } from '../model/message-flag.ts';
import type { Problem } from '../model/problem.ts';
import { isRepointed } from './identities.ts';
import type { IntakeParts } from './intake.ts';
import { filteredByRoutes, type Judgment, judge, refuse, typeLabel } from './judge.ts';
import { MAYBE_REPEATED } from './repetition.ts';
import type { ReplyFacts } from './replies.ts';
import type { RoutedMessage } from './route.ts';
import type { SequenceLink, SequencePlace } from './sequence-link.ts';

/** A frame that was read and judged; nothing of it is stored yet. */
export interface Understood {
  readonly header: MessageHeader | null;
  readonly routed: RoutedMessage;
  readonly judgment: Judgment;
  readonly flags: readonly MessageFlag[];
  /** Writes the reply where it is not made of acknowledgments to one message. */
  readonly reply?: (at: ReplyFacts) => Buffer;
  /** Where it stands in the sequence of its channel; absent where that is not checked. */
  readonly inSequence?: SequencePlace;
}

/** What is needed to judge a message. */
export interface Reading {
  readonly parsed: ParsedMessage;
  readonly receivedAtMs: number;
  readonly payloadHash: string;
  /** The control id was used before for other content. */
  readonly reused: boolean;
  /** Damage hides whether it is a repetition. */
  readonly isUnproven: boolean;
  /** null: sequence numbers are not checked. */
  readonly link: SequenceLink | null;
  /** What numbers stand for. Default: as the store knows it. */
  readonly identities?: IdentityDraft;
}

/** Judges a frame by the settings of its channel. @throws CausewayError `STORE_FAILED`, `STORE_DAMAGED` (its number) */
export function understand(parts: Pick<IntakeParts, 'channel' | 'facility' | 'ledger'>, reading: Reading): Understood {
  const { parsed, link } = reading;
  const inSequence = parsed.header === null ? undefined : link?.place(parsed.header);
  if (inSequence === undefined) return understandContent(parts, reading);
  const { judgment, expected } = inSequence;
  const understood = judgment === null ? understandContent(parts, reading) : controlled(reading, judgment);
  if (expected === undefined) return { ...understood, inSequence };
  return { ...understood, judgment: { ...understood.judgment, expectedSequence: expected }, inSequence };
}

/** Only its sequence number counts. */
function controlled({ parsed }: Reading, judgment: Judgment): Understood {
  if (!parsed.ok) return { header: parsed.header, routed: UNREADABLE, judgment, flags: [] };
  return { header: parsed.header, routed: routedMessage(parsed.message), judgment, flags: parsed.message.flags };
}

function understandContent(
  { channel, facility, ledger }: Pick<IntakeParts, 'channel' | 'facility' | 'ledger'>,
  { parsed, receivedAtMs, payloadHash, reused, isUnproven, identities = ledger.identities.draft(null) }: Reading,
): Understood {
  const flags: MessageFlag[] = reused ? ['reused-control-id'] : [];
  if (isUnproven) flags.push(MAYBE_REPEATED);
  if (!parsed.ok && parsed.problem.code === 'limit') flags.push('limit-exceeded');
  if (!parsed.ok) return { header: parsed.header, routed: UNREADABLE, judgment: refuse(parsed.problem), flags };
  const { header, message } = parsed;
  channel.observe?.(message);
  const routed = routedMessage(message);
  flags.push(...message.flags);
  if (reused && channel.policy.onReusedControlId === 'reject') {
    return { header, routed, judgment: refuse(reusedControlId), flags };
  }
  const { profile, policy } = channel;
  const judged = judge(message, { facility, profile, policy, payloadHash, receivedAtMs, identities });
  if (judged.events.some(isRepointed)) flags.push('merged-identity');
  const taken = judged.events.some((event) => channel.routes.some((route) => route.accepts(event, routed)));
  const judgment = judged.disposition === 'accepted' && !taken ? filteredByRoutes(judged) : judged;
  return { header, routed, judgment, flags: [...flags, ...(judgment.flags ?? [])] };
}

/** What routes and cases know of a message. */
export const routedMessage = (message: Hl7Message): RoutedMessage => ({
  type: typeLabel(message.messageType),
  version: message.version,
  sendingApplication: message.value('MSH-3.1') ?? '',
  sendingFacility: message.value('MSH-4.1') ?? '',
});

/** Of a frame that is no single message. */
export const UNREADABLE: RoutedMessage = { type: 'unknown', version: '', sendingApplication: '', sendingFacility: '' };

const reusedControlId: Problem = {
  code: 'control-id',
  path: 'MSH-10',
  text: 'The message control id was used before for another message; expected a fresh one.',
};
