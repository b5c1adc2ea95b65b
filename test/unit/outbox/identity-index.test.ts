/** Merged numbers survive whatever the store survives, and nobody reads one from the files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DamageList } from '../../../outbox/damage-list.ts';
import { IdentityIndex } from '../../../outbox/identity-index.ts';
import { blindNames } from '../../../outbox/keys.ts';
import { checkStore } from '../../../outbox/store-check.ts';
import { Totals } from '../../../outbox/totals.ts';
import type { Identifier } from '../../../src/model/event.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { Database, WriteBatch } from '../../../src/platform/database.ts';
import type { OpenDisk } from '../../../src/platform/disk.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { openDamaged } from '../../support/damaged-blocks.ts';

const A: Identifier = { value: 'MRN-4711', system: 'NORTH' };
const B: Identifier = { value: 'MRN-4712', system: 'NORTH' };
const blind = blindNames(Buffer.alloc(32, 7));

async function openFolder(openDisk?: OpenDisk) {
  const location = mkdtempSync(join(tmpdir(), 'causeway-identities-'));
  onTestFinished(() => rmSync(location, { recursive: true, force: true }));
  const totals = new Totals();
  const how = { createIfMissing: true, clock: systemClock, log: silentLog };
  const database = await Database.open({ location, ...how, ...(openDisk === undefined ? {} : { openDisk }) });
  onTestFinished(() => database.close());
  return { totals, database };
}

async function openIndex(database: Database, name: typeof blind | null): Promise<IdentityIndex> {
  const index = new IdentityIndex(database, { clock: systemClock, blind: name });
  await index.load();
  return index;
}

async function merge(database: Database, index: IdentityIndex, message: number): Promise<void> {
  const draft = index.draft(null);
  draft.link([{ domain: 'patient', from: A, to: B }]);
  const batch = new WriteBatch();
  index.put(batch, draft, message);
  await database.commit(batch, 'synced');
}

const keysIn = (database: Database): Promise<string[]> => database.keys({ gte: 'i!', lt: 'i!\u007f', limit: 9 });

test.each([null, blind])(
  'a merge is known at once, after its commit, and after the index is read anew',
  async (name) => {
    const { database } = await openFolder();
    const index = await openIndex(database, name);
    const committed = merge(database, index, 3);
    expect(index.draft(null).survivorOf('patient', A)).toEqual(B);
    await committed;
    expect(index.draft(null).survivorOf('patient', A)).toEqual(B);
    const again = await openIndex(database, name);
    expect(again.draft(null).survivorOf('patient', A)).toEqual(B);
    expect(again.draft(2).survivorOf('patient', A)).toEqual(A);
    expect(again.draft(null).survivorOf('account', A)).toEqual(A);
  },
);

test('a damaged block among merged numbers keeps no appliance from starting, and denies no number', async () => {
  const { database } = await openFolder(openDamaged('i!'));
  const index = await openIndex(database, null);
  await merge(database, index, 3);
  const again = await openIndex(database, null);
  expect(again.draft(null).survivorOf('patient', A)).toEqual(B);
});

test('no key holds a number, and with a key of the store nobody can try one out', async () => {
  const open = await openFolder();
  await merge(open.database, await openIndex(open.database, null), 1);
  const sealed = await openFolder();
  await merge(sealed.database, await openIndex(sealed.database, blind), 1);
  const [openKey = ''] = await keysIn(open.database);
  const [sealedKey = ''] = await keysIn(sealed.database);
  expect(openKey).not.toContain('4711');
  expect(sealedKey).toMatch(/^i!patient!~/);
  expect(sealedKey.slice(-20)).not.toBe(openKey.slice(-20));
});

test('a store that is encrypted later moves its numbers to blind names, and loses none meanwhile', async () => {
  const { database } = await openFolder();
  await merge(database, await openIndex(database, null), 1);
  const index = await openIndex(database, blind);
  expect(index.draft(null).survivorOf('patient', A)).toEqual(B);
  const [openKey = ''] = await keysIn(database);
  const batch = new WriteBatch({ alone: true });
  batch.onJoin.push(() => void expect(index.blind(batch, openKey)).toBe(true));
  await database.commit(batch, 'written');
  expect(await keysIn(database)).toEqual([expect.stringMatching(/^i!patient!~/)]);
  expect(index.draft(null).survivorOf('patient', A)).toEqual(B);
  expect((await openIndex(database, blind)).draft(null).survivorOf('patient', A)).toEqual(B);
});

test('a change of a number that has its open name yet leaves one record of it', async () => {
  const { database } = await openFolder();
  await merge(database, await openIndex(database, null), 1);
  const index = await openIndex(database, blind);
  const draft = index.draft(null);
  draft.part([A, B]);
  const batch = new WriteBatch();
  index.put(batch, draft, 2);
  await database.commit(batch, 'synced');
  expect(await keysIn(database)).toEqual([expect.stringMatching(/^i!patient!~/)]);
  expect(index.draft(null).survivorOf('patient', A)).toEqual(A);
});

test('the check of the store reads every identity', async () => {
  const { totals, database } = await openFolder();
  await merge(database, await openIndex(database, null), 1);
  const reportOf = async () => {
    const damage = new DamageList();
    for await (const _ of checkStore({ database, totals, damage }));
    return damage.report();
  };
  expect(await reportOf()).toMatchObject({ tables: { identities: 1 }, damagedRecords: 0 });
});
