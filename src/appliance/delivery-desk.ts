/** One dispatcher per destination, with its numbers. */
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { FrameStore } from '../../outbox/frames.ts';
import type { DestinationConfig } from '../config/schema.ts';
import { deliveryCommits } from '../delivery/commits.ts';
import { Dispatcher, type DeliveryObserver } from '../delivery/dispatcher.ts';
import { authorizedSender, staticCredential } from '../delivery/authorization.ts';
import { clientCredentials } from '../delivery/client-credentials.ts';
import type { KnowLost } from '../delivery/lost-entries.ts';
import { createHttpSender, type Sender } from '../delivery/sender.ts';
import type { MessageFacts } from '../delivery/settlement.ts';
import { httpsJson } from '../destinations/https-json.ts';
import type { CaseStore } from '../exceptions/case-store.ts';
import type { Clock, Random } from '../model/clock.ts';
import { type DestinationId, sequenceOfId } from '../model/ids.ts';
import type { Database } from '../platform/database.ts';
import type { Log } from '../platform/log.ts';
import { readSecret, systemCredentialsDirectory } from '../platform/secrets.ts';
import { createAges } from '../status/ages.ts';
import { RateCounter } from '../status/rates.ts';
import type { Metrics } from '../status/registry.ts';
import type { CertificateDesk } from './certificate-desk.ts';
import type { EventFeed } from './events.ts';
import { destinationOwner } from './tls-files.ts';

/** Bounds of a request for a token. */
const TOKEN_TIMEOUT_MS = 10_000;
const TOKEN_ANSWER_BYTES_MAX = 65_536;

/** What one destination needs: its own configuration and lane, and the rooms that all destinations share. */
export interface DeliveryDeskParts {
  readonly config: DestinationConfig;
  readonly lane: LaneStore;
  readonly cases: CaseStore;
  readonly frames: FrameStore;
  readonly certificates: CertificateDesk;
  readonly knownOfLost: KnowLost;
  readonly database: Database;
  readonly metrics: Metrics;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A destination as the composition holds it: the dispatcher is halted first, then the sender closed. */
export interface DeliveryDesk {
  readonly config: DestinationConfig;
  readonly lane: LaneStore;
  readonly dispatcher: Dispatcher;
  readonly rate: RateCounter;
  readonly sender: Sender;
}

/**
 * Builds a destination; it begins to send with `dispatcher.recover`. Its secret is read here.
 * @throws CausewayError `SECRET_UNREADABLE`
 */
export function createDeliveryDesk(parts: DeliveryDeskParts): DeliveryDesk {
  const { config, lane, cases, database, clock, random, log } = parts;
  const sender = senderOf(parts);
  const rate = new RateCounter(clock);
  const dispatcher = new Dispatcher({
    lane,
    cases,
    database: deliveryCommits(database),
    profile: httpsJson(config),
    sender,
    settings: config,
    messageFacts: (entry) => messageFacts(parts.frames, entry),
    knownOfLost: parts.knownOfLost,
    clock,
    random,
    log,
    observe: observerOf(parts, rate),
  });
  return { config, lane, dispatcher, rate, sender };
}

function senderOf({ config, certificates, clock, log }: DeliveryDeskParts): Sender {
  const { authorization, timeoutMs, inFlightMax } = config;
  const tls = certificates.of(destinationOwner(config.id));
  const sender = createHttpSender({
    timeoutMs,
    answerBytesMax: config.answerBytesMax,
    connectionsMax: inFlightMax,
    tls,
    allowAddresses: config.allowAddresses,
  });
  if (authorization === undefined) return sender;
  const { scheme, secret, clientCredentials: client } = authorization;
  const reference = client?.clientSecret ?? secret;
  if (reference === undefined) return sender;
  const read = (): string => readSecret(reference, systemCredentialsDirectory()).value;
  if (readSecret(reference, systemCredentialsDirectory()).worldReadable)
    log.warn('the secret file of a destination is readable by every user', { destination: config.id });
  if (client === undefined) return authorizedSender(sender, staticCredential(scheme, read));
  const tokenSender = createHttpSender({
    timeoutMs: Math.min(timeoutMs, TOKEN_TIMEOUT_MS),
    answerBytesMax: TOKEN_ANSWER_BYTES_MAX,
    connectionsMax: 1,
    tls,
    allowAddresses: config.allowAddresses,
  });
  const parts = { settings: client, sender: tokenSender, readSecret: read, clock };
  return authorizedSender(sender, clientCredentials(parts));
}

function messageFacts(frames: FrameStore, entry: StoredEntry): MessageFacts {
  const unknown = { channelId: 'unknown', messageType: 'unknown' } as unknown as MessageFacts;
  const message = frames.readable(sequenceOfId(entry.header.messageId, 'm') ?? 0);
  return message === null ? unknown : { channelId: message.header.channelId, messageType: message.header.messageType };
}

function observerOf({ config, metrics, feed, clock }: DeliveryDeskParts, rate: RateCounter): DeliveryObserver {
  const destination = config.id;
  const seconds = metrics.histogram('causeway_delivery_seconds', { destination });
  const ageOf = createAges(clock);
  const open = metrics.gauge('causeway_circuit_open', { destination });
  open.set(0);
  const outcomes = new Map(
    (['posted', 'held', 'dead'] as const).map((outcome) => [
      outcome as string,
      metrics.counter('causeway_deliveries_total', { destination, outcome }),
    ]),
  );
  return {
    settled(entry, { state, reason }) {
      const nowMs = clock.nowMs();
      outcomes.get(state)?.add();
      if (state === 'posted') {
        rate.add();
        seconds.observe(ageOf(entry.header.enqueuedAtMs) / 1_000);
      }
      if (!feed.isFollowed) return;
      const { kind, messageId, controlId } = entry.header;
      const ids = { entryId: entry.entryId, destinationId: destination as DestinationId, kind, messageId, controlId };
      feed.publish({ type: 'delivery', atMs: nowMs, ...ids, state, reason });
    },
    requested(outcome) {
      metrics.counter('causeway_delivery_attempts_total', { destination, class: outcome }).add();
    },
    circuit(state) {
      open.set(state === 'closed' ? 0 : 1);
    },
  };
}
