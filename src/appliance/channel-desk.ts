/** One channel: its listener, its intake, its numbers. */
import { createListener } from '../../listeners/index.ts';
import type { FrameBudget } from '../../listeners/frame-budget.ts';
import type { Listener, ListenerObserver } from '../../listeners/listener.ts';
import type { ChannelConfig } from '../config/schema.ts';
import type { Hl7Message } from '../hl7/message.ts';
import { type MessageHeader, readHeader } from '../hl7/parse.ts';
import type { Clock } from '../model/clock.ts';
import { isLoopback } from '../model/address.ts';
import type { LastRefusal } from '../model/connection-refusal.ts';
import { ERROR_SPECS } from '../model/errors.ts';
import type { ProblemCode } from '../model/problem.ts';
import type { Database } from '../platform/database.ts';
import type { DiskGuard } from '../platform/disk-guard.ts';
import type { Log } from '../platform/log.ts';
import { createIntake, type IntakeChannel, type IntakeParts } from '../pipeline/intake.ts';
import type { Ledger } from '../pipeline/ledger.ts';
import { onlyReply, repliesTo } from '../pipeline/replies.ts';
import { compileRoute } from '../pipeline/route.ts';
import type { DriftWatch } from '../profiles/drift.ts';
import { RateCounter } from '../status/rates.ts';
import type { Metrics } from '../status/registry.ts';
import type { ChannelPeers } from '../status/snapshot.ts';
import type { CertificateDesk } from './certificate-desk.ts';
import { watchDrift } from './channel-drift.ts';
import type { EventFeed } from './events.ts';
import { messageRow } from './rows.ts';
import { channelOwner } from './tls-files.ts';

/** What one channel needs: its own configuration, and the rooms that all channels share. */
export interface ChannelDeskParts {
  readonly config: ChannelConfig;
  readonly facility: IntakeParts['facility'];
  readonly ledger: Ledger;
  readonly database: Database;
  readonly disk: DiskGuard;
  readonly certificates: CertificateDesk;
  readonly frameBudget: FrameBudget;
  readonly metrics: Metrics;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly log: Log;
  /** Gets the entries of each message after their commit, in order of arrival. */
  readonly onPlaced: IntakeParts['onPlaced'];
}

/** What changes while the channel runs; shown in the status view. */
export interface ChannelState {
  /** Bound address as `host:port`; null while the listener does not listen. */
  address: string | null;
  connections: number;
  lastMessageAtMs: number | null;
  /** Answered AE since the start. */
  refused: number;
  /** Connections refused since the start. */
  connectionsRefused: number;
  lastRefusal: LastRefusal | null;
}

/** A channel as the composition holds it: started and stopped by its listener, shown by state and rate. */
export interface ChannelDesk {
  readonly config: ChannelConfig;
  readonly channel: IntakeChannel;
  readonly listener: Listener;
  readonly state: ChannelState;
  readonly rate: RateCounter;
  peers(): ChannelPeers;
  /** What differs from the learned profile; null when the channel has learned none. */
  readonly drift: DriftWatch | null;
}

/**
 * What intake needs of a channel's configuration, with compiled routes; also for judging stored frames without a
 * listener. @throws Error for a route condition that does not compile, which a loaded configuration does not have.
 */
export const intakeChannelOf = (config: ChannelConfig): IntakeChannel => ({
  id: config.id,
  format: config.format,
  profile: config.profile,
  policy: config.policy,
  acknowledgment: config.acknowledgment,
  routes: config.routes.map(compileRoute),
});

/**
 * Builds a channel without binding its port (`listener.start` does). A frame above the size limit is answered AR
 * (CR) from its first bytes when these show a header, and gets no reply when they do not; nothing of it is kept.
 */
export function createChannelDesk(parts: ChannelDeskParts): ChannelDesk {
  const { config, clock, log, facility, disk } = parts;
  const drift = watchDrift(parts);
  const settings = intakeChannelOf(config);
  const channel = drift === null ? settings : { ...settings, observe: (message: Hl7Message) => drift.observe(message) };
  const state: ChannelState = {
    address: null,
    connections: 0,
    lastMessageAtMs: null,
    refused: 0,
    connectionsRefused: 0,
    lastRefusal: null,
  };
  const rate = new RateCounter(clock);
  const unsent = parts.metrics.counter('causeway_replies_unsent_total', { channel: config.id });
  const onMessage = messageObserver(parts, state, rate);
  const intake = createIntake({ ...parts, channel, onMessage, onUnsent: () => unsent.add() });
  let refusals = 0;
  const refusal = (header: MessageHeader | null, text: string, code: ProblemCode): Buffer => {
    refusals += 1;
    const atMs = clock.nowMs();
    const judgment = { ackCode: 'AR', text, problems: [{ code, path: 'MSH', text }] } as const;
    const replies = repliesTo({ channel, facility }, { header, judgment }, { messageId: `l${refusals}.${atMs}`, atMs });
    return onlyReply(replies);
  };
  const listener = createListener(config.listener, {
    channelId: config.id,
    intake,
    refuseOversized: (firstBytes) => {
      const header = readHeader(firstBytes);
      return header === null ? null : refusal(header, `Refused: ${ERROR_SPECS.FRAME_TOO_LARGE.text}`, 'limit');
    },
    refuseEmpty: () =>
      refusal(null, 'Refused: the frame is empty; expected a message that begins with MSH.', 'unreadable'),
    mayRead: () => !disk.isPaused,
    frameBudget: parts.frameBudget,
    tls: parts.certificates.of(channelOwner(config.id)),
    clock,
    log,
    observe: listenerObserver(parts, state),
  });
  const { host, tls } = config.listener;
  const transport = tls === undefined ? 'plain' : tls.clientCaFile === undefined ? 'tls' : 'mutual-tls';
  const isExposed = transport === 'plain' && !isLoopback(host);
  if (isExposed)
    log.warn('messages of a channel cross the network unencrypted, by choice', { channel: config.id, address: host });
  const peers = (): ChannelPeers => {
    const { connectionsRefused, lastRefusal } = state;
    return { transport, isExposed, ...listener.peers(), refused: connectionsRefused, lastRefusal };
  };
  return { config, channel, listener, state, rate, peers, drift };
}

const DISPOSITIONS = ['accepted', 'held', 'filtered', 'rejected', 'duplicate', 'refused'] as const;

function messageObserver(
  { config, metrics, feed, clock }: ChannelDeskParts,
  state: ChannelState,
  rate: RateCounter,
): IntakeParts['onMessage'] {
  const channel = config.id;
  const seconds = metrics.histogram('causeway_ack_seconds', { channel });
  const counters = new Map(
    DISPOSITIONS.map((disposition) => [
      disposition,
      metrics.counter('causeway_messages_total', { channel, disposition }),
    ]),
  );
  const noteFlags = flagCounter((flag) => metrics.counter('causeway_messages_flagged_total', { channel, flag }));
  return (message, result, took) => {
    seconds.observe(took);
    counters.get(result.disposition)?.add();
    rate.add();
    state.lastMessageAtMs = clock.nowMs();
    if (result.disposition === 'refused') state.refused += 1;
    if (message !== null && result.disposition !== 'duplicate') noteFlags(message.header.flags);
    if (message !== null && feed.isFollowed) {
      feed.publish({ type: 'message', ...messageRow(message), disposition: result.disposition });
    }
  };
}

function listenerObserver({ config, metrics, clock }: ChannelDeskParts, state: ChannelState): ListenerObserver {
  const channel = config.id;
  const stray = metrics.counter('causeway_stray_bytes_total', { channel });
  const connections = metrics.gauge('causeway_connections', { channel });
  const slowed = metrics.counter('causeway_senders_slowed_total', { channel });
  return {
    connections(open) {
      state.connections = open;
      connections.set(open);
    },
    strayBytes: (count) => stray.add(count),
    frameRefused: (reason) => metrics.counter('causeway_frames_refused_total', { channel, reason }).add(),
    connectionRefused(reason) {
      state.connectionsRefused += 1;
      state.lastRefusal = { reason, atMs: clock.nowMs() };
      metrics.counter('causeway_connections_refused_total', { channel, reason }).add();
    },
    senderSlowed: () => slowed.add(),
  };
}

/** Counts remarks by what they say; a number behind a colon belongs to the one message. */
function flagCounter(counterOf: (flag: string) => { add(): void }): (flags: readonly string[]) => void {
  const counters = new Map<string, { add(): void }>();
  return (flags) => {
    for (const remark of flags) {
      const [flag = ''] = remark.split(':');
      const counter = counters.get(flag) ?? counterOf(flag);
      counters.set(flag, counter);
      counter.add();
    }
  };
}
