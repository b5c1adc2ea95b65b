/**
 * From facts to words: the state and sentence of each channel and destination. Pure.
 *
 * A sentence says what happened, what it affects, and what happens next by itself or what a person can do. It names
 * channels, destinations, counts and ages only.
 */
import type { DiskState } from '../model/disk.ts';
import type { ChannelPeers, DestinationStatus, FlowState } from './snapshot.ts';
import type { DriftFinding } from '../model/drift.ts';
import { driftSummary } from './drift-text.ts';
import { STORE_DAMAGED_CLASS } from '../model/store-damage.ts';
import { CONNECTION_REFUSALS } from '../model/connection-refusal.ts';
import { FLOW_STATES } from './snapshot.ts';
import { formatAge, formatCount, formatCountOf, formatMoment, type Moment, waitingText } from './wording.ts';

/** Entries that wait longer than this make a destination `behind` although it answers. */
export const LATE_AFTER_MS = 300_000;

/** A state and the sentence that explains it. */
export interface StateText {
  readonly state: FlowState;
  readonly text: string;
}

/** What is known about a channel. */
export interface ChannelFacts extends Moment {
  /** The listener is bound. */
  readonly listening: boolean;
  /** Why it is not bound (a system error code such as `EADDRINUSE`); null while it starts. */
  readonly notListeningReason: string | null;
  /** The store cannot write, so every message is answered AE. */
  readonly storeFailed: boolean;
  /** How full the disk is: from `refusing` on, messages are answered AE or not read. */
  readonly disk: DiskState;
  readonly connections: number;
  readonly peers: ChannelPeers;
  readonly lastMessageAtMs: number | null;
  /** What differs from the learned profile. */
  readonly drift: readonly DriftFinding[];
  /** A longer silence is worth a word; null when no usual interval is known. */
  readonly quietAfterMs: number | null;
}

/** What is known about a destination; members as in `DestinationStatus`. */
export interface DestinationFacts
  extends Moment,
    Pick<
      DestinationStatus,
      | 'circuit'
      | 'circuitOpenSinceMs'
      | 'lastFailure'
      | 'lastDeliveredAtMs'
      | 'waiting'
      | 'waitingAgain'
      | 'oldestWaitingAtMs'
      | 'held'
      | 'dead'
      | 'blockedBehind'
    > {
  /** Default `LATE_AFTER_MS`. */
  readonly lateAfterMs?: number;
}

/** Rows in the order in which they are shown: worst state first, then by id. */
export function worstFirst<Row extends { readonly id: string; readonly state: FlowState }>(
  rows: readonly Row[],
): Row[] {
  const rank = (row: Row): number => FLOW_STATES.indexOf(row.state);
  return [...rows].sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}

const DISK_TEXTS: Readonly<Partial<Record<DiskState, string>>> = {
  refusing: 'Answers AE while the disk is nearly full; senders keep their messages and repeat them.',
  paused: 'Reads nothing while the disk is full; senders wait and keep their messages.',
  'read-only': 'Answers AE while the disk takes no writes; senders keep their messages and repeat them.',
};

/** A refused connection is spoken of for so long. */
const REFUSAL_TOLD_MS = 600_000;

/** What a channel's row says. */
export function channelState(facts: ChannelFacts): StateText {
  const flow = flowState(facts);
  return { ...flow, text: `${flow.text}${peersText(facts)}` };
}

/** What people must know of who is connected, or who is not: refused, slowed, unencrypted. */
function peersText(facts: ChannelFacts): string {
  const { lastRefusal, refused, slowed, isExposed } = facts.peers;
  const isRecent = lastRefusal !== null && facts.nowMs - lastRefusal.atMs < REFUSAL_TOLD_MS;
  const sentences = [
    isRecent
      ? `${formatCountOf(refused, 'connection')} refused since the start, the last at ` +
        `${formatMoment(lastRefusal.atMs, facts)}: ${CONNECTION_REFUSALS[lastRefusal.reason].text}.`
      : '',
    slowed > 0 ? `${formatCountOf(slowed, 'address', 'addresses')} read more slowly: above the limit.` : '',
    isExposed ? 'Not encrypted.' : '',
  ];
  return sentences.map((sentence) => (sentence === '' ? '' : ` ${sentence}`)).join('');
}

function flowState(facts: ChannelFacts): StateText {
  const { nowMs, lastMessageAtMs, quietAfterMs } = facts;
  if (!facts.listening) {
    const text =
      facts.notListeningReason === null
        ? 'Not listening yet; senders cannot connect until it does.'
        : `Does not listen (${facts.notListeningReason}); senders cannot connect and keep their messages.`;
    return { state: 'blocked', text };
  }
  if (facts.storeFailed) {
    return {
      state: 'blocked',
      text: 'Answers AE while the store cannot write; senders keep their messages and repeat them.',
    };
  }
  const refusal = DISK_TEXTS[facts.disk];
  if (refusal !== undefined) return { state: 'blocked', text: refusal };
  if (lastMessageAtMs === null) {
    return { state: 'silent', text: 'Nothing received yet – this is normal after a start.' };
  }
  if (quietAfterMs !== null && nowMs - lastMessageAtMs > quietAfterMs) {
    const usual = `usual: under ${formatAge(Math.max(quietAfterMs, 60_000))}`;
    return { state: 'silent', text: `Nothing received for ${formatAge(nowMs - lastMessageAtMs)} (${usual}).` };
  }
  if (facts.drift.length > 0) {
    return {
      state: 'needs-attention',
      text: `Messages differ from the learned profile: ${driftSummary(facts.drift)}.`,
    };
  }
  if (facts.connections === 0) return { state: 'flowing', text: 'Listening; no sender is connected at the moment.' };
  return { state: 'flowing', text: `${formatCountOf(facts.connections, 'sender')} connected.` };
}

/** What a destination's row says: an outage before lateness, lateness before events that are held for a person. */
export function destinationState(facts: DestinationFacts): StateText {
  const oldestAgeMs = facts.oldestWaitingAtMs === null ? 0 : facts.nowMs - facts.oldestWaitingAtMs;
  if (isStoppedByDamage(facts)) return { state: 'blocked', text: damageText(facts) };
  if (facts.circuit !== 'closed') return { state: 'blocked', text: outageText(facts) };
  if (facts.waiting > 0 && oldestAgeMs > (facts.lateAfterMs ?? LATE_AFTER_MS)) {
    const reason = failureSinceDelivery(facts);
    const why = reason === null ? 'Answers, but slower than events arrive' : `Last refusal: ${reason}`;
    return { state: 'behind', text: `${waitingText(facts)}. ${why}. They are sent in order; nothing is lost.` };
  }
  if (facts.held + facts.dead > 0) return { state: 'needs-attention', text: personText(facts) };
  if (facts.waiting > 0) return { state: 'flowing', text: `${waitingText(facts)}.` };
  return {
    state: 'flowing',
    text: facts.lastDeliveredAtMs === null ? 'Nothing delivered yet, and nothing waits.' : 'Nothing waits.',
  };
}

/** A stored record that it needs cannot be read: it sends nothing until that was read again. */
export const isStoppedByDamage = ({ lastFailure }: Pick<DestinationStatus, 'lastFailure'>): boolean =>
  lastFailure?.class === STORE_DAMAGED_CLASS;

function damageText(facts: DestinationFacts): string {
  const affected = facts.waiting === 0 ? 'Nothing waits for it yet' : waitingText(facts);
  return (
    `Stopped: the store is damaged (${facts.lastFailure?.reason ?? 'see its log'}). ${affected}. ` +
    'It is read again by itself. Run causeway verify and look at the disk; nothing is sent from records that cannot ' +
    'be trusted.'
  );
}

function outageText(facts: DestinationFacts): string {
  const since = facts.circuitOpenSinceMs === null ? '' : ` since ${formatMoment(facts.circuitOpenSinceMs, facts)}`;
  const why = facts.lastFailure === null ? '' : ` (${facts.lastFailure.reason})`;
  const affected = facts.waiting === 0 ? 'Nothing waits for it yet' : waitingText(facts);
  const next =
    facts.circuit === 'half-open'
      ? 'It is being tried right now.'
      : 'It is tried again by itself; events go out in order when it answers.';
  return `Cannot be reached${since}${why}. ${affected}. ${next}`;
}

function personText({ held, dead, blockedBehind }: DestinationFacts): string {
  const parts = [
    held > 0 ? `${formatCountOf(held, 'event')} ${held === 1 ? 'is' : 'are'} held for a person` : '',
    dead > 0 ? `${formatCountOf(dead, 'event')} ${dead === 1 ? 'is' : 'are'} set aside` : '',
    blockedBehind > 0
      ? `${formatCount(blockedBehind)} ${blockedBehind === 1 ? 'waits' : 'wait'} behind them to keep the order`
      : '',
  ];
  return `${parts.filter((part) => part !== '').join('; ')}. Everything else flows.`;
}

function failureSinceDelivery({ lastFailure, lastDeliveredAtMs }: DestinationFacts): string | null {
  if (lastFailure === null || lastFailure.atMs < (lastDeliveredAtMs ?? 0)) return null;
  return lastFailure.reason;
}
