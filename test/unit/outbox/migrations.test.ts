/** A store of an older version keeps every record through an upgrade, wherever that is interrupted. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { migrateStore, storedFormat } from '../../../outbox/migrate.ts';
import { type Migration, MIGRATIONS } from '../../../outbox/migrations.ts';
import { STORE_FORMAT } from '../../../src/model/store-format.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { Database, WriteBatch } from '../../../src/platform/database.ts';
import { EncryptedEnvelope } from '../../../src/platform/encrypted-envelope.ts';
import { type Envelope, FORMAT_MAX, plainEnvelopeOf } from '../../../src/platform/envelope.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { type DiskFault, type DiskSurroundings, FakeDisk } from '../../simulation/fake-disk.ts';

const MESSAGES = 150;
const pad = (sequence: number): string => String(sequence).padStart(16, '0');
const text = (payload: Buffer): string => payload.toString('utf8');

/** Changes that show when they are done twice, left out, or done in another order. */
const TO_2: Migration = {
  to: 2,
  what: 'messages end in +',
  tables: ['m!'],
  upgrade: (record) => [{ ...record, payload: Buffer.from(`${text(record.payload)}+`) }],
};
const TO_3: Migration = {
  to: 3,
  what: 'messages end in *, entries have two records, or none',
  tables: ['m!', 'e!'],
  upgrade({ key, sequence, payload }) {
    if (key.startsWith('m!')) return [{ key, sequence, payload: Buffer.from(`${text(payload)}*`) }];
    if (sequence % 5 === 0) return [];
    return [
      { key, sequence, payload: Buffer.from(`${text(payload)}*`) },
      { key: `q!${pad(sequence)}`, sequence, payload: Buffer.from('beside it') },
    ];
  },
};
const STEPS = [TO_2, TO_3];

/** What every record is, by key, in a store of each format. */
function expected(format: number): Record<string, string> {
  const records: Record<string, string> = { 'k!erp!normal': 'cursor' };
  for (let sequence = 1; sequence <= MESSAGES; sequence += 1) {
    records[`m!${pad(sequence)}`] = `message${['', '', '+', '+*'][format] ?? ''}`;
    if (format < 3) records[`e!erp!normal!${pad(sequence)}`] = 'entry';
    else if (sequence % 5 !== 0) {
      records[`e!erp!normal!${pad(sequence)}`] = 'entry*';
      records[`q!${pad(sequence)}`] = 'beside it';
    }
  }
  return records;
}

const open = (fake: FakeDisk, envelope: Envelope): Promise<Database> =>
  Database.open({
    location: 'fake',
    createIfMissing: true,
    clock: systemClock,
    log: silentLog,
    envelope,
    openDisk: fake.open,
  });

const quiet = { wait: () => Promise.resolve(), note() {} };

/** A store as a version of format 1 left it: it does not say its format. */
async function storeOfFirstFormat(envelope: Envelope, surroundings: DiskSurroundings = quiet): Promise<FakeDisk> {
  const fake = new FakeDisk(surroundings);
  const database = await open(fake, envelope);
  const batch = new WriteBatch();
  for (const [key, value] of Object.entries(expected(1)))
    batch.put(key, Number(key.slice(-16)) || 0, Buffer.from(value));
  await database.commit(batch, 'synced');
  await database.close();
  return fake;
}

const migrate = (database: Database, format: number, isDoubtful = false) =>
  migrateStore({
    ...{ database, format, isDoubtful, clock: systemClock, log: silentLog },
    migrations: STEPS.filter(({ to }) => to <= format),
  });

async function contentOf(database: Database): Promise<Record<string, string>> {
  const rows = await database.range({ gte: '"', lt: '\u007f', limit: 10_000 });
  return Object.fromEntries(rows.map(({ key, payload }) => [key, text(payload)]));
}

const key = { mark: 7, cipher: createSecretKey(randomBytes(32)) };
const ENVELOPES: readonly (readonly [string, (format: number) => Envelope])[] = [
  ['plain', plainEnvelopeOf],
  ['encrypted', (format) => new EncryptedEnvelope([key], {}, format)],
];

test('the steps are numbered from 2 without a gap, up to the format that this version writes', () => {
  expect(MIGRATIONS.map(({ to }) => to)).toEqual(Array.from({ length: STORE_FORMAT - 1 }, (_, index) => index + 2));
  expect(STORE_FORMAT).toBeLessThanOrEqual(FORMAT_MAX);
});

test.each(ENVELOPES)(
  'every record of a %s store gets its new form, by all steps or one after the other',
  async (_name, of) => {
    const direct = await storeOfFirstFormat(of(1));
    const database = await open(direct, of(3));
    expect(storedFormat(database, 3)).toBe(1);
    expect(await migrate(database, 3)).toEqual({ from: 1, to: 3, migrated: 2 * MESSAGES, damaged: 0 });
    expect(await contentOf(database)).toEqual(expected(3));
    expect(storedFormat(database, 3)).toBe(3);
    expect(await migrate(database, 3)).toBeNull();
    await database.close();

    const stepwise = await storeOfFirstFormat(of(1));
    for (const format of [2, 3]) {
      const opened = await open(stepwise, of(format));
      expect(await migrate(opened, format)).toMatchObject({ from: format - 1, to: format });
      expect(await contentOf(opened)).toEqual(expected(format));
      await opened.close();
    }
  },
);

/** Kills the process at its n-th write, for every n; a power cut also takes what was not synced, down to `kept`. */
test.each([
  ['the process is killed', null],
  ['the power is cut and keeps nothing unsynced', () => 0],
  ['the power is cut and keeps half', (unsynced: number) => Math.floor(unsynced / 2)],
] as const)(
  '%s at any write of a migration: the next start goes on, and no record is changed twice',
  async (_name, kept) => {
    let call = 1;
    for (let isOver = false; !isOver; call += 1) {
      let writes = Number.NEGATIVE_INFINITY;
      const killed = Promise.withResolvers<void>();
      const fake: FakeDisk = await storeOfFirstFormat(plainEnvelopeOf(1), {
        ...quiet,
        wait: async (what) => {
          if (what !== 'batch') return;
          writes += 1;
          if (writes !== call) return;
          if (kept === null) fake.kill();
          else fake.cutPower(kept);
          killed.resolve();
          await new Promise(() => {});
        },
      });
      writes = 0;
      const first = open(fake, plainEnvelopeOf(3)).then((database) => migrate(database, 3));
      isOver = (await Promise.race([first, killed.promise])) !== undefined;
      fake.kill();
      writes = Number.NEGATIVE_INFINITY;
      const database = await open(fake, plainEnvelopeOf(3));
      await migrate(database, 3);
      expect(await contentOf(database), `write ${call}`).toEqual(expected(3));
      await database.close();
    }
    expect(call).toBeGreaterThan(10);
  },
);

test.each(['before', 'after', 'torn'] as const)(
  'a write that fails (%s) ends the start, and the next one goes on',
  async (effect) => {
    let call = 1;
    for (let isOver = false; !isOver; call += 1) {
      const fake = await storeOfFirstFormat(plainEnvelopeOf(1));
      const failing = await open(fake, plainEnvelopeOf(3));
      const fault: DiskFault = { kinds: ['batch'], call, effect, code: 'EIO', times: 1 };
      fake.setFault(fault);
      const result = await migrate(failing, 3).catch((error: unknown) => error);
      isOver = !(result instanceof Error);
      if (!isOver) expect(result).toMatchObject({ code: 'STORE_FAILED' });
      fake.setFault(null);
      fake.kill();
      const database = await open(fake, plainEnvelopeOf(3));
      await migrate(database, 3);
      expect(await contentOf(database), `write ${call}`).toEqual(expected(3));
      await database.close();
    }
    expect(call).toBeGreaterThan(10);
  },
);

test('a migration that a later version finds half done goes on from what each record is', async () => {
  const fake = await storeOfFirstFormat(plainEnvelopeOf(1));
  const older = await open(fake, plainEnvelopeOf(2));
  fake.setFault({ kinds: ['batch'], call: 3, effect: 'before', code: 'EIO', times: 1 });
  await expect(migrate(older, 2)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  fake.setFault(null);
  fake.kill();
  const database = await open(fake, plainEnvelopeOf(3));
  await migrate(database, 3);
  expect(await contentOf(database)).toEqual(expected(3));
  await database.close();
});

test('records of the old form that come back out of a damaged file are migrated, and no other one again', async () => {
  const fake = await storeOfFirstFormat(plainEnvelopeOf(1));
  const database = await open(fake, plainEnvelopeOf(3));
  await migrate(database, 3);
  await database.close();
  // As LevelDB does when the part of its log is lost that held the new form.
  const disk = await fake.open('fake', { createIfMissing: false });
  const back = [3, 77].map((sequence) => {
    const name = `m!${pad(sequence)}`;
    return {
      type: 'put' as const,
      key: name,
      value: plainEnvelopeOf(1).seal(name, sequence, [Buffer.from('message')]),
    };
  });
  await disk.batch(back, { sync: true });
  await disk.close();
  const again = await open(fake, plainEnvelopeOf(3));
  expect(await migrate(again, 3)).toBeNull();
  expect(await migrate(again, 3, true)).toMatchObject({ migrated: 2 });
  expect(await contentOf(again)).toEqual(expected(3));
  await again.close();
});

test('a damaged record is passed over and told; all others get their new form', async () => {
  const fake = await storeOfFirstFormat(plainEnvelopeOf(1));
  const disk = await fake.open('fake', { createIfMissing: false });
  await disk.batch([{ type: 'put', key: `m!${pad(9)}`, value: Buffer.from('not an envelope') }], { sync: true });
  await disk.close();
  const database = await open(fake, plainEnvelopeOf(3));
  expect(await migrate(database, 3)).toMatchObject({ migrated: 2 * MESSAGES - 1, damaged: 1 });
  const { rows } = await database.scan({ gte: 'm!', lt: 'm!~', limit: 1_000 });
  expect(rows.filter((row) => 'damage' in row).map((row) => row.key)).toEqual([`m!${pad(9)}`]);
  await database.close();
});

test('a new store has the present format from its first moment, and is looked through never', async () => {
  const fake = new FakeDisk(quiet);
  const database = await open(fake, plainEnvelopeOf(3));
  expect(
    await migrateStore({ database, migrations: STEPS, format: 3, isNew: true, clock: systemClock, log: silentLog }),
  ).toBeNull();
  expect(storedFormat(database, 3)).toBe(3);
  await database.close();
});

test('a store of a newer format is refused and stays as it is, also a half migrated one', async () => {
  for (const call of [null, 4]) {
    const fake = await storeOfFirstFormat(plainEnvelopeOf(1));
    const newer = await open(fake, plainEnvelopeOf(3));
    if (call !== null) fake.setFault({ kinds: ['batch'], call, effect: 'before', code: 'EIO', times: 1 });
    await migrate(newer, 3).catch(() => {});
    fake.setFault(null);
    fake.kill();
    const before = fake.copy();
    const database = await open(fake, plainEnvelopeOf(2));
    expect(() => storedFormat(database, 2)).toThrow(/STORE_NEWER_FORMAT.*format 3, this version knows 2/);
    await expect(migrate(database, 2)).rejects.toMatchObject({ code: 'STORE_NEWER_FORMAT' });
    // Where the store cannot say it, each record does.
    const read = database.range({ gte: 'e!', lt: 'e!~', limit: 1 });
    await expect(read).rejects.toMatchObject({ code: 'STORE_NEWER_FORMAT' });
    await database.close();
    const [then, now] = [await open(before, plainEnvelopeOf(3)), await open(fake, plainEnvelopeOf(3))];
    expect(await contentOf(now)).toEqual(await contentOf(then));
    await Promise.all([then.close(), now.close()]);
  }
});
