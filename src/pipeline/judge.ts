/**
 * Decides what a readable message is: accepted, held, filtered or rejected. Pure. Nothing is stored or sent here.
 */
import type { IdentityDraft } from '../../outbox/identity-draft.ts';
import type { Hl7Message } from '../hl7/message.ts';
import { isAcknowledgment } from '../hl7/ack-mode.ts';
import type { ApplicationReply } from '../hl7/reply-body.ts';
import { mappingFor } from '../mappings/index.ts';
import type { LineOutcome, MappingContext } from '../mappings/mapping.ts';
import { completeType } from '../mappings/message-type.ts';
import type { AckCode } from '../model/acknowledgment.ts';
import type { CanonicalEvent } from '../model/event.ts';
import type { MessageFlag } from '../model/message-flag.ts';
import type { Problem } from '../model/problem.ts';
import { partyProblems } from './parties.ts';
import { withSurvivors } from './identities.ts';
import type { ChannelPolicy } from './settings.ts';

/** A part of a message that gave problems instead of an event. */
export type FailedLine = Extract<LineOutcome, { ok: false }>;

/** What becomes of a message, before anything is stored. */
export interface Judgment {
  readonly disposition: 'accepted' | 'held' | 'filtered' | 'rejected';
  readonly ackCode: AckCode;
  /** For the sender and for people; names fields, never values. */
  readonly text: string;
  /** Everything that is wrong, each code and path once; goes into the ERR segments of the reply and into the case. */
  readonly problems: readonly Problem[];
  /** What goes out; also of a held message, where a good line waits only behind a failed one of its ordering key. */
  readonly events: readonly CanonicalEvent[];
  /** Lines whose places are kept in the outbox until a person decides. */
  readonly failed: readonly FailedLine[];
  /** Events and failed lines in the order of the message: the order in which they take their places in the outbox. */
  readonly lines: readonly LineOutcome[];
  /** Groups exception cases with one cure; null when no case is needed. */
  readonly cause: string | null;
  /** Remarks that are kept with the message. */
  readonly flags?: readonly MessageFlag[];
  /** MSA-4 of the replies, where the channel checks sequence numbers and the message has one. */
  readonly expectedSequence?: string;
  /** What is answered in place of the plain ACK, in the encoding of the message; absent: the plain ACK. */
  readonly reply?: { readonly reply: ApplicationReply; readonly charset: string };
}

const SANE_TYPE = /^[A-Za-z0-9_]{1,12}(?:\^[A-Za-z0-9_]{1,12})?$/;

/** The message type as a label: what is not a plausible MSH-9 is not repeated. */
export const typeLabel = (messageType: string): string => (SANE_TYPE.test(messageType) ? messageType : 'unknown');

/** Everything beside the message that decides: facility, profile, content hash, merged numbers and the policy. */
export interface JudgmentContext extends MappingContext {
  readonly policy: ChannelPolicy;
  /** What numbers stand for; keeps what this message says about that. */
  readonly identities: IdentityDraft;
}

/**
 * Judges a message that could be read. The same message and context give the same judgment, at intake and at every
 * reprocessing; data problems are in it, nothing is thrown for them.
 */
export function judge(message: Hl7Message, context: JudgmentContext): Judgment {
  const strangers = partyProblems(message, context.policy.expected);
  if (strangers.length > 0) return judgeStrangers(strangers, context.policy);
  if (isAcknowledgment({ messageCode: message.value('MSH-9.1') ?? '' }))
    return settled('filtered', 'An acknowledgment: kept, and never answered.');
  if (message.controlId === '') return judgeProblems([missingControlId], [], context.policy);
  const rule = context.policy.filter.find(({ messageType }) =>
    isOfType(completeType(message.messageType), messageType),
  );
  if (rule !== undefined) {
    const text = `Accepted and kept without event, by a rule of this channel: ${rule.reason}`;
    return { ...settled('filtered', text), flags: ['filtered-by-rule'] };
  }
  const mapping = mappingFor(message.messageType);
  if (mapping === undefined) return judgeUnmapped(message.messageType, context.policy);
  const outcomes = withSurvivors(mapping.map(message, context), context.identities);
  const judged = judgeOutcomes(outcomes, context.policy);
  if (mapping.reply === undefined) return judged;
  const reply = mapping.reply(message, { ackCode: judged.ackCode, outcomes });
  return { ...judged, reply: { reply, charset: message.charset.used } };
}

/** `ORU^R01` names one type, `ORU^*` all of a code. */
const isOfType = (messageType: string, pattern: string): boolean =>
  pattern.endsWith('*') ? messageType.startsWith(pattern.slice(0, -1)) : messageType === pattern;

function judgeOutcomes(outcomes: readonly LineOutcome[], policy: ChannelPolicy): Judgment {
  const events = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.event] : []));
  const failed = outcomes.filter((outcome) => !outcome.ok);
  if (failed.length === 0) {
    return { ...settled('accepted', acceptedText(events.length)), events, lines: outcomes };
  }
  if (policy.onProblem === 'reject') return judgeProblems(problemsOf(failed), [], policy);
  const judged = judgeProblems(problemsOf(failed), failed, policy);
  const share = events.length === 0 ? '' : `${acceptedText(events.length)} `;
  return { ...judged, text: `${share}${judged.text}`, events, lines: outcomes };
}

/** A message that cannot be read, or a control id that may not be used again: refused for good, a copy is kept. */
export const refuse = (problem: Problem): Judgment => ({
  ...settled('rejected', `Refused: ${problem.text}`),
  ackCode: 'AR',
  problems: [problem],
});

/** No route takes any of its events. */
export const filteredByRoutes = (judgment: Judgment): Judgment => ({
  ...judgment,
  disposition: 'filtered',
  text: 'Accepted; no route of this channel takes its events.',
});

function judgeStrangers(problems: readonly Problem[], policy: ChannelPolicy): Judgment {
  const [first] = problems;
  if (policy.onUnexpectedParty === 'hold' || first === undefined)
    return judgeProblems(problems, [], { ...policy, onProblem: 'hold' });
  return { ...refuse(first), problems };
}

function judgeUnmapped(messageType: string, policy: ChannelPolicy): Judgment {
  const label = typeLabel(messageType);
  const text = `No mapping exists for message type ${label}.`;
  const problem: Problem = { code: 'unmapped-type', path: 'MSH-9', text };
  if (policy.onUnmappedType === 'reject') return refuse(problem);
  if (policy.onUnmappedType === 'filter') return settled('filtered', `Accepted and kept without event: ${text}`);
  return {
    ...settled('held', `Accepted and held for review: ${text}`),
    problems: [problem],
    cause: `unmapped-type ${label}`,
  };
}

function judgeProblems(problems: readonly Problem[], failed: readonly FailedLine[], policy: ChannelPolicy): Judgment {
  const [first] = problems;
  const more = problems.length > 1 ? ` and ${problems.length - 1} more` : '';
  const what = first === undefined ? 'no event' : `${first.path}: ${first.text}${more}`;
  if (policy.onProblem === 'reject') {
    return { ...settled('rejected', `Not accepted, correct and send again: ${what}`), ackCode: 'AE', problems };
  }
  const cause = first === undefined ? 'no-event' : `${first.code} ${causePath(first)}`;
  return { ...settled('held', `Accepted and held for review: ${what}`), problems, failed, cause };
}

/**
 * Where the first problem is, the same for every repetition. A field without a value and its first component without
 * one have the same cure, so they are one cause.
 */
function causePath({ code, path }: Problem): string {
  const place = path.replaceAll(/\[\d+\]/g, '');
  return code === 'required' ? place.replace(/\.1$/, '') : place;
}

/** A judgment that needs no person and has no event. */
export const settled = (disposition: Judgment['disposition'], text: string): Judgment => ({
  disposition,
  ackCode: 'AA',
  text,
  problems: [],
  events: [],
  failed: [],
  lines: [],
  cause: null,
});

const acceptedText = (events: number): string => `Accepted: ${events} business event${events === 1 ? '' : 's'}.`;

const problemsOf = (failed: readonly FailedLine[]): Problem[] => {
  const seen = new Map<string, Problem>();
  for (const { problems } of failed)
    for (const problem of problems) seen.set(`${problem.code} ${problem.path}`, problem);
  return [...seen.values()];
};

const missingControlId: Problem = {
  code: 'control-id',
  path: 'MSH-10',
  text: 'The message control id is empty; expected an id that the reply can name.',
};
