/** A real store in a temporary folder with one lane and one dispatcher over a scripted destination. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { LaneStore, type StoredEntry } from '../../outbox/lane-store.ts';
import { Totals } from '../../outbox/totals.ts';
import { deliveryCommits } from '../../src/delivery/commits.ts';
import { Dispatcher } from '../../src/delivery/dispatcher.ts';
import type { KnowLost } from '../../src/delivery/lost-entries.ts';
import type { Sender } from '../../src/delivery/sender.ts';
import { httpsJson } from '../../src/destinations/https-json.ts';
import { httpsJsonSettings } from '../../src/destinations/https-json-settings.ts';
import type { InboundResponse, OutboundRequest, Refused } from '../../src/destinations/destination.ts';
import { CaseStore } from '../../src/exceptions/case-store.ts';
import type { EntryHeader, OnBlocked } from '../../src/model/delivery.ts';
import { type DestinationId, type EventId, messageIdOf, type OrderingKey, uuid5 } from '../../src/model/ids.ts';
import type { Clock } from '../../src/model/clock.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { Database, WriteBatch } from '../../src/platform/database.ts';
import type { OpenDisk } from '../../src/platform/disk.ts';
import { silentLog } from '../../src/platform/log.ts';

type Answer = InboundResponse | Refused;
export type Script = (request: OutboundRequest, key: string) => Promise<Answer> | Answer;

export interface Delivered {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly key: string;
  readonly body: string;
}

export const json = (status: number, body: object): InboundResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(body)),
  truncated: false,
});

export const lostAnswer: Answer = {
  outcome: 'refused',
  class: 'unknown-outcome',
  retry: 'ambiguous',
  destinationWide: true,
  retryAfterMs: null,
  reason: 'ECONNRESET',
};

export const ok = (): InboundResponse => json(200, { status: 'ok' });

export interface LaneFixtureOptions {
  readonly script: Script;
  readonly maxEvents?: number;
  readonly onBlocked?: OnBlocked;
  readonly inFlightMax?: number;
  readonly random?: () => number;
  readonly clock?: Clock;
  readonly repetition?: object;
  readonly openDisk?: OpenDisk;
  readonly sameKey?: 'together' | 'apart';
  readonly knownOfLost?: KnowLost;
  readonly retry?: { readonly initialMs: number; readonly maxMs: number; readonly horizonHours: number };
}

/** What the next start has other than the fixture. */
export type ChangedSettings = Pick<LaneFixtureOptions, 'maxEvents'>;

export async function openLaneFixture(options: LaneFixtureOptions) {
  const location = mkdtempSync(join(tmpdir(), 'causeway-lane-'));
  const totals = new Totals();
  const database = await Database.open({
    location,
    createIfMissing: true,
    clock: systemClock,
    log: silentLog,
    onGroup: (group) => totals.write(group),
    ...(options.openDisk === undefined ? {} : { openDisk: options.openDisk }),
  });
  const lane = new LaneStore({ destinationId: 'erp' as DestinationId, lane: 'normal' }, database, totals);
  const cases = new CaseStore(database, totals);
  const profileWith = (maxEvents = options.maxEvents ?? 1) =>
    httpsJson(
      httpsJsonSettings.parse({
        id: 'erp',
        kind: 'https-json',
        url: 'https://erp.example/events',
        repetition: options.repetition ?? {},
        batch: { maxEvents, maxWaitMs: 2, sameKey: options.sameKey ?? 'together' },
      }),
    );
  const requests: Delivered[] = [];
  const sender: Sender = {
    async send(request, signal) {
      const key = request.headers['Idempotency-Key'] ?? '';
      requests.push({ method: request.method ?? 'POST', url: request.url, key, body: request.body.toString() });
      const cut = new Promise<Answer>((resolve) => signal.addEventListener('abort', () => resolve(lostAnswer)));
      return Promise.race([options.script(request, key), cut]);
    },
    close() {},
  };
  const newDispatcher = (changed: ChangedSettings) =>
    new Dispatcher({
      lane,
      cases,
      database: deliveryCommits(database),
      profile: profileWith(changed.maxEvents),
      sender,
      settings: {
        inFlightMax: options.inFlightMax ?? 4,
        onBlocked: options.onBlocked ?? 'hold-key',
        retry: options.retry ?? { initialMs: 2, maxMs: 10, horizonHours: 1 },
      },
      knownOfLost: options.knownOfLost ?? (async () => new Map()),
      messageFacts: () => ({ channelId: 'clinical' as never, messageType: 'DFT^P03' }),
      clock: options.clock ?? systemClock,
      random: options.random ?? Math.random,
      log: silentLog,
      observe: { settled() {}, requested() {}, circuit() {} },
    });
  let message = 0;
  /** Appends one entry per key, in one commit; `facts`: further ones of their headers. */
  const append = async (
    keys: readonly string[],
    fenceKeys: readonly string[] = [],
    facts: Partial<EntryHeader> = {},
  ): Promise<StoredEntry[]> => {
    const batch = new WriteBatch();
    const entries = keys.map((key) => {
      message += 1;
      const sequence = lane.allocate();
      const header = {
        eventId: uuid5('test', String(sequence)) as EventId,
        kind: 'charge.posted',
        messageId: messageIdOf(message),
        controlId: `C${message}`,
        orderingKey: key as OrderingKey,
        ...(fenceKeys.length === 0 ? {} : { fenceKeys: fenceKeys as OrderingKey[] }),
        amount: '1.50',
        currency: 'USD',
        enqueuedAtMs: Date.now(),
        line: 'FT1[1]',
        ...facts,
      };
      const body = Buffer.from(JSON.stringify({ id: header.eventId, subject: key, sequence }));
      lane.append(batch, sequence, { header, body });
      const entryId = `erp:normal:${String(sequence).padStart(16, '0')}` as StoredEntry['entryId'];
      return { entryId, ...lane.id, sequence, header, body, heldAtIntake: false };
    });
    await database.commit(batch, 'synced');
    return entries;
  };
  const dispatchers: Dispatcher[] = [];
  /** Starts as after a restart; `changed`: with settings that a person changed meanwhile. */
  const start = async (changed: ChangedSettings = {}): Promise<Dispatcher> => {
    const dispatcher = newDispatcher(changed);
    dispatchers.push(dispatcher);
    await dispatcher.recover();
    return dispatcher;
  };
  onTestFinished(async () => {
    for (const dispatcher of dispatchers) await dispatcher.halt(0);
    await database.close();
    rmSync(location, { recursive: true, force: true });
  });
  return {
    database,
    totals,
    lane,
    cases,
    requests,
    append,
    start,
    counts: () => totals.destination('erp' as DestinationId).counts,
  };
}
