/** Reads one message and judges it: everything that is decided about it before anything is stored. Pure. */
import { buildAck } from '../hl7/acknowledgment.ts';
import type { MessageHeader } from '../hl7/header.ts';
import type { Hl7Message } from '../hl7/message.ts';
import type { ParsedMessage } from '../hl7/parse.ts';
import type { Problem } from '../model/problem.ts';
import type { IntakeParts } from './intake.ts';
import { filteredByRoutes, type Judgment, judge, refuse, typeLabel } from './judge.ts';
import type { RoutedMessage } from './route.ts';

/** Names a reply: the same facts give the same bytes. */
export interface ReplyFacts {
  readonly messageId: string;
  readonly atMs: number;
}

/** A frame that was read and judged; nothing of it is stored yet. */
export interface Understood {
  readonly header: MessageHeader | null;
  readonly routed: RoutedMessage;
  readonly judgment: Judgment;
  readonly flags: readonly string[];
  /** Writes the reply where it is not one acknowledgment. */
  readonly reply?: (at: ReplyFacts) => Buffer;
}

/** What is needed to judge a message. */
export interface Reading {
  readonly parsed: ParsedMessage;
  readonly receivedAtMs: number;
  readonly payloadHash: string;
  /** The control id was used before for other content. */
  readonly reused: boolean;
}

/** Judges a frame by the settings of its channel. */
export function understand(
  { channel, facility }: Pick<IntakeParts, 'channel' | 'facility'>,
  reading: Reading,
): Understood {
  const { parsed, receivedAtMs, payloadHash, reused } = reading;
  const flags = reused ? ['reused-control-id'] : [];
  if (!parsed.ok) return { header: parsed.header, routed: UNREADABLE, judgment: refuse(parsed.problem), flags };
  const { header, message } = parsed;
  const routed = routedMessage(message);
  flags.push(...message.flags);
  if (reused && channel.policy.onReusedControlId === 'reject') {
    return { header, routed, judgment: refuse(reusedControlId), flags };
  }
  const { profile, policy } = channel;
  const judged = judge(message, { facility, profile, policy, payloadHash, receivedAtMs });
  const taken = judged.events.some((event) => channel.routes.some((route) => route.accepts(event, routed)));
  const judgment = judged.disposition === 'accepted' && !taken ? filteredByRoutes(judged) : judged;
  return { header, routed, judgment, flags: [...flags, ...(judgment.flags ?? [])] };
}

/** The reply that tells a judgment; the same facts give the same bytes. */
export function replyTo({ facility }: Pick<IntakeParts, 'facility'>, understood: Understood, at: ReplyFacts): Buffer {
  const { header, judgment, reply } = understood;
  if (reply !== undefined) return reply(at);
  return buildAck({
    header,
    code: judgment.ackCode,
    text: judgment.text,
    problems: judgment.problems,
    controlId: at.messageId,
    atMs: at.atMs,
    timezone: facility.timezone,
    body: judgment.reply,
  });
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
