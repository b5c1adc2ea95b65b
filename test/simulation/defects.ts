/** Known ways to lose, double or mix up business events, put into the product to see that the simulation finds them. */
import type { FrameStore } from '../../outbox/frames.ts';
import { laneRowKey } from '../../outbox/keys.ts';
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import { encodeJson } from '../../outbox/records.ts';
import type { Sender } from '../../src/delivery/sender.ts';
import type { OrderingKey } from '../../src/model/ids.ts';
import { type Database, WriteBatch } from '../../src/platform/database.ts';
import type { Disk } from '../../src/platform/disk.ts';
import type { FakeDisk } from './fake-disk.ts';
import type { Defect } from './world.ts';

/** Makes the defect anew: one is used for one run. */
export const DEFECTS: Readonly<Record<string, () => Defect>> = {
  'acknowledged before it was synced': () => ({
    hooks: () => ({}),
    openDisk: (disk) =>
      openWith(disk, (sound) => ({ batch: (operations) => sound.batch(operations, { sync: false }) })),
  }),
  'written on with the same handle after an error': () => ({
    hooks: () => ({}),
    openDisk: (disk) =>
      openWith(disk, (sound) => ({
        batch: (operations, options) => sound.batch(operations, options).catch(() => sound.batch(operations, options)),
      })),
  }),
  'ended before it was sent': () => ({ hooks: () => ({ sender: endsFirst }) }),
  'another idempotency key after a restart': () => ({
    hooks: (life) => ({
      profile: (sound) => ({
        ...sound,
        request: (entries, key, form) => sound.request(entries, `${key}-${life}`, form),
      }),
    }),
  }),
  'later entries do not wait for a retry': () => ({
    hooks: () => ({ lane: keyless, offered: (entries) => entries.map(withOwnKey) }),
  }),
  'totals one batch late': () => {
    const late: Parameters<WriteBatch['put']>[] = [];
    return {
      hooks: () => ({
        onGroup: (sound) => (group) => {
          for (const put of late.splice(0)) group.put(...put);
          sound(replacing<WriteBatch>(new WriteBatch(), { put: (...put) => void late.push(put) }));
        },
      }),
    };
  },
  'duplicates forgotten at a restart': () => ({
    hooks: () => ({
      frames: (sound, lastStored) =>
        replacing<FrameStore>(sound, {
          findControlId: (query) => {
            const found = sound.findControlId(query);
            return { ...found, sameBytes: found.sameBytes.filter((message) => message > lastStored) };
          },
        }),
    }),
  }),
};

/** The same object with some methods replaced; the others work on the original. */
function replacing<Target extends object>(sound: Target, methods: Partial<Target>): Target {
  return new Proxy(sound, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name, target);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}

const openWith =
  (disk: FakeDisk, methods: (sound: Disk) => Partial<Disk>): FakeDisk['open'] =>
  async (location, options) => {
    const sound = await disk.open(location, options);
    return replacing(sound, methods(sound));
  };

function endsFirst(sound: Sender, { database, lane }: { database: Database; lane: LaneStore }): Sender {
  return {
    ...sound,
    async send(request, signal) {
      const batch = new WriteBatch();
      for (const { header, sequence } of await lane.entriesFrom(1, 1_000)) {
        if (!request.body.includes(header.eventId)) continue;
        const outcome = { state: 'posted', atMs: 0, receipt: null, attempts: [] };
        batch.put(laneRowKey('o', lane.id, sequence), sequence, encodeJson(outcome));
      }
      await database.commit(batch, 'synced');
      return sound.send(request, signal);
    },
  };
}

const withOwnKey = (entry: StoredEntry): StoredEntry => {
  const orderingKey = `${entry.header.orderingKey} ${entry.sequence}` as OrderingKey;
  return { ...entry, header: { ...entry.header, orderingKey } };
};

const keyless = (sound: LaneStore): LaneStore =>
  replacing<LaneStore>(sound, {
    entriesFrom: async (sequence, limit) => (await sound.entriesFrom(sequence, limit)).map(withOwnKey),
    entriesOf: async (sequences) => (await sound.entriesOf(sequences)).map(withOwnKey),
  });
