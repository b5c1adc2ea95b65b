/**
 * Fills a store with messages as if they had come over the last month, through the product's own stores: each is a
 * charge of one event, delivered or still waiting. No listener and no delivery run, so it is several times faster.
 */
import { FrameStore, type StoredMessage } from '../outbox/frames.ts';
import { dayOf, openControlIdName } from '../outbox/keys.ts';
import { IdentityDraft } from '../outbox/identity-draft.ts';
import { IdentityIndex } from '../outbox/identity-index.ts';
import { LaneStore } from '../outbox/lane-store.ts';
import { Totals } from '../outbox/totals.ts';
import { CaseStore } from '../src/exceptions/case-store.ts';
import { hl7v2Settings } from '../src/formats/hl7v2-settings.ts';
import { parseMessage } from '../src/hl7/parse.ts';
import { profileSettings } from '../src/mappings/profile.ts';
import type { Clock } from '../src/model/clock.ts';
import type { CanonicalEvent } from '../src/model/event.ts';
import {
  type ChannelId,
  type DestinationId,
  type EventId,
  type FacilityId,
  messageIdOf,
  payloadHashOf,
} from '../src/model/ids.ts';
import { routedMessage } from '../src/pipeline/understand.ts';
import { judge } from '../src/pipeline/judge.ts';
import { Ledger, type MessageFacts } from '../src/pipeline/ledger.ts';
import { policySettings } from '../src/pipeline/settings.ts';
import { systemClock } from '../src/platform/clock.ts';
import { Database, WriteBatch } from '../src/platform/database.ts';
import { silentLog } from '../src/platform/log.ts';
import { takeStoreFolder } from '../src/platform/store-folder.ts';
import { charge } from '../test/support/messages.ts';

/** What is put into the store. */
export interface FillPlan {
  /** `store.path` of the appliance that will open it. */
  readonly storePath: string;
  readonly messages: number;
  /** The youngest so many are not delivered. */
  readonly waiting: number;
  /** Default: `controlIdOf`. */
  readonly nameOf?: (number: number) => string;
  readonly say: (text: string) => void;
}

/** Days over which the messages are spread. */
const DAYS = 29;
const BATCH = 500;
/** Batches on their way at once. */
const BATCHES_MAX = 4;
/** Ordering keys: message n is about patient n modulo this. */
export const PATIENTS = 1_000;
const CHANNEL = 'clinical' as ChannelId;
const ERP = 'erp' as DestinationId;
const FACILITY = { id: 'st-marys' as FacilityId, timezone: 'America/Chicago', currency: 'USD' };

/** Control id of the n-th message, from 1. */
export const controlIdOf = (number: number): string => `F${String(number).padStart(9, '0')}`;

/** Resolves when the store is closed. */
export async function fillStore(plan: FillPlan): Promise<void> {
  const folder = await takeStoreFolder(plan.storePath);
  const clock = spreadClock(plan.messages);
  const totals = new Totals();
  const database = await Database.open({
    ...{ location: folder.databasePath, createIfMissing: true, clock: systemClock, log: silentLog },
    onGroup: (group) => totals.write(group),
  });
  folder.markProvisioned(clock.nowMs());
  await totals.load(database);
  const frames = new FrameStore(database, totals, { clock, blind: null });
  await frames.loadIndex({ windowDays: 1, keepDays: 10 * DAYS, onFailed: () => {} });
  const lane = new LaneStore({ destinationId: ERP, lane: 'normal' }, database, totals);
  const cases = new CaseStore(database, totals);
  const ledger = new Ledger({
    facilityId: FACILITY.id,
    epoch: 1,
    frames,
    cases,
    identities: new IdentityIndex(database, { clock, blind: null }),
    totals,
    lanes: new Map([[ERP, lane]]),
  });
  const write = writer(ledger, lane, plan);
  const onWay = new Set<Promise<void>>();
  for (let first = 1; first <= plan.messages; first += BATCH) {
    clock.moveTo(first);
    const batch = new WriteBatch();
    const last = Math.min(first + BATCH - 1, plan.messages);
    for (let number = first; number <= last; number++) write(batch, number, clock.nowMs());
    const committed = database.commit(batch, 'written').finally(() => onWay.delete(committed));
    onWay.add(committed);
    if (onWay.size >= BATCHES_MAX) await Promise.race(onWay);
    if (last % 500_000 === 0) plan.say(`filled ${last} of ${plan.messages}`);
  }
  await Promise.all(onWay);
  await database.close();
  await folder.release();
}

interface SpreadClock extends Clock {
  moveTo(number: number): void;
}

/** A clock that goes from `DAYS` ago to now while the messages are written. */
function spreadClock(messages: number): SpreadClock {
  const spanMs = DAYS * 86_400_000;
  const beganMs = systemClock.nowMs() - spanMs;
  let passedMs = 0;
  return {
    nowMs: () => beganMs + passedMs,
    monotonicMs: () => passedMs,
    after: systemClock.after,
    moveTo(number) {
      passedMs = Math.floor((number / messages) * spanMs);
    },
  };
}

/** Mapping is done once per patient; each message has its own control id, event id and frame. */
function writer(ledger: Ledger, lane: LaneStore, plan: FillPlan) {
  const format = hl7v2Settings.parse({ kind: 'hl7v2' });
  const profile = profileSettings.parse({});
  const policy = policySettings.parse({});
  const templates = Array.from({ length: PATIENTS }, (_, patient) => {
    const bytes = Buffer.from(charge({ controlId: controlIdOf(0), patient: `P${patient}` }));
    const parsed = parseMessage(bytes, format);
    if (!parsed.ok) throw new Error('the sample cannot be read');
    const identities = new IdentityDraft(() => null, null);
    const of = { facility: FACILITY, profile, policy, identities, payloadHash: payloadHashOf(bytes), receivedAtMs: 0 };
    const [event] = judge(parsed.message, of).events;
    if (event === undefined) throw new Error('the sample gives no event');
    return { routed: routedMessage(parsed.message), event };
  });
  return (batch: WriteBatch, number: number, atMs: number): void => {
    const template = templates[number % PATIENTS] ?? templates[0];
    if (template === undefined) return;
    const controlId = (plan.nameOf ?? controlIdOf)(number);
    const frame = Buffer.from(charge({ controlId, patient: `P${number % PATIENTS}` }));
    const sequence = ledger.frames.allocate();
    const facts: MessageFacts = {
      ...template.routed,
      ...{ channelId: CHANNEL, messageId: messageIdOf(sequence), controlId, receivedAtMs: atMs },
      ...{ payloadHash: payloadHashOf(frame), mayBeRepeated: false },
    };
    const eventId = `00000000-0000-5000-8000-${String(number).padStart(12, '0')}` as EventId;
    const event: CanonicalEvent = { ...template.event, eventId };
    const [placed] = ledger.putEvent(batch, event, { destinations: [ERP], facts });
    const name = openControlIdName(controlId);
    const indexedAt = { controlId, name, day: dayOf(ledger.frames.storeMs), isFirst: true };
    ledger.putMessage(batch, messageOf(facts, { sequence, frame, placed }), { indexedAt });
    if (placed === undefined || number > plan.messages - plan.waiting) return;
    const outcome = { state: 'posted', atMs, receipt: `J${number}`, attempts: [] } as const;
    lane.end(batch, placed.entry, { was: null, outcome });
    if (number % BATCH === 0 || number === plan.messages - plan.waiting) lane.putLane(batch, laneAt(placed));
  };
}

type Placed = ReturnType<Ledger['putEvent']>[number];

const laneAt = ({ entry }: Placed) => ({ cursor: entry.sequence + 1, circuit: null });

function messageOf(
  facts: MessageFacts,
  at: { sequence: number; frame: Buffer; placed: Placed | undefined },
): StoredMessage {
  const header = `MSH|^~\\&|CAUSEWAY|ERP|WARD|NORTH|20260301090000||ACK|${facts.messageId}|P|2.5.1`;
  const reply = `${header}\rMSA|AA|${facts.controlId}\r`;
  return {
    sequence: at.sequence,
    header: {
      ...{ channelId: facts.channelId, remote: '127.0.0.1:50000', receivedAtMs: facts.receivedAtMs },
      ...{ payloadHash: facts.payloadHash, controlId: facts.controlId, messageType: facts.type },
      ...{ disposition: 'accepted', ackCode: 'AA', flags: [], events: 1 },
      entryIds: at.placed === undefined ? [] : [at.placed.entry.entryId],
    },
    reply: Buffer.from(reply),
    frame: at.frame,
  };
}
