/**
 * Files of the store are damaged on disk: never silently fewer records. `verify` names what is affected and changes
 * nothing, and a store whose files do not fit together is not opened.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { damageText, type StoreReport } from '../../src/model/store-damage.ts';
import { openLevel } from '../../src/platform/level-disk.ts';
import { statusOf, untilErp } from '../support/appliance-status.ts';
import { type ErpEvent, startFakeErp } from '../support/fake-erp.ts';
import type { Appliance } from '../support/start-appliance.ts';
import { fillStore, MESSAGES, onCopyOf, StoreFiles, verify } from '../support/store-damage.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { until } from '../support/until.ts';

let filled: Appliance;

beforeAll(async () => {
  filled = await fillStore();
});

afterAll(() => filled.dispose());

async function damagedCopy(damage: (files: StoreFiles) => void): Promise<Appliance> {
  const appliance = await onCopyOf(filled);
  onTestFinished(() => appliance.dispose());
  damage(new StoreFiles(appliance));
  return appliance;
}

const zeroed = (bytes: Buffer): void => void bytes.fill(0, 40_000, 44_096);
const scattered = (bytes: Buffer): void => {
  for (let at = bytes.length >> 1; at < bytes.length - 8_192; at += 40_000) bytes.fill(0xff, at, at + 64);
};
const flip = (bytes: Buffer, at: number): void => void bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);

/** What verify says of a damaged copy, after showing that it changed none of its files. */
async function verified(appliance: Appliance) {
  const files = new StoreFiles(appliance);
  const before = files.content();
  const { code, report } = await verify(appliance);
  expect(files.content()).toEqual(before);
  return { code, report, damage: report.damage.map(damageText), files: report.files.map(({ what }) => what) };
}

test('a whole store is told to be whole', async () => {
  const { code, report } = await verified(await damagedCopy(() => {}));
  expect(code).toBe(0);
  expect(report).toMatchObject({ tables: { messages: MESSAGES, entries: MESSAGES }, damage: [], files: [] });
});

test('one flipped byte in a table: the records that it reaches are named, and no others', async () => {
  const appliance = await damagedCopy((files) => files.change(files.largest('.ldb'), (b) => flip(b, b.length >> 1)));
  const { code, damage, report } = await verified(appliance);
  expect(code).toBe(1);
  // A block is compressed: records after the byte may repeat what it belongs to.
  expect(damage).toEqual([expect.stringMatching(/^(?:entries erp:normal|messages) \d+/)]);
  expect(report.damagedRecords).toBeLessThan(20);
});

test('a zeroed block of a table: every record of it is named, although LevelDB passes over it in silence', async () => {
  const appliance = await damagedCopy((files) =>
    files.change(files.largest('.ldb'), (bytes) => void bytes.fill(0, 40_000, 44_096)),
  );
  const { code, report } = await verified(appliance);
  expect(code).toBe(1);
  const { messages = 0, entries = 0 } = report.tables;
  expect(report.damagedRecords).toBeGreaterThanOrEqual(2 * MESSAGES - messages - entries);
  expect(report.damagedRecords).toBeGreaterThan(2);
});

test.each([
  { name: 'one flipped byte', damage: (bytes: Buffer) => flip(bytes, bytes.length >> 1) },
  { name: 'a zeroed block', damage: (bytes: Buffer) => void bytes.fill(0, 40_000, 44_096) },
])('$name in a log: file and missing records are named', async ({ damage }) => {
  const appliance = await damagedCopy((files) => files.change(files.largest('.log'), damage));
  const { code, report, files } = await verified(appliance);
  expect(code).toBe(1);
  expect(files).toEqual([expect.stringMatching(/^damaged at byte \d+$/)]);
  const { messages = 0, entries = 0 } = report.tables;
  expect(report.damagedRecords).toBe(2 * MESSAGES - messages - entries);
  expect(report.damagedRecords).toBeGreaterThan(0);
});

test.each([
  { name: 'a deleted CURRENT', code: 'STORE_MISSING', what: 'missing', lost: 0, file: 'CURRENT' },
  { name: 'an empty CURRENT', code: 'STORE_BROKEN', what: 'empty', lost: 0, file: 'CURRENT' },
  { name: 'a cut manifest', code: 'STORE_BROKEN', what: 'or the manifest is cut', lost: 0, file: 'MANIFEST' },
  { name: 'a missing table', code: 'STORE_BROKEN', what: 'missing', lost: MESSAGES / 2, file: '.ldb' },
  {
    name: 'a table of no length',
    code: 'STORE_BROKEN',
    what: '0 bytes long instead',
    lost: MESSAGES / 2,
    file: '.ldb',
  },
  { name: 'a deleted log', code: 'STORE_BROKEN', what: 'missing', lost: MESSAGES / 2, file: '.log' },
])(
  '$name: not opened, never started empty, and verify names what is lost',
  async ({ name, code, what, lost, file }) => {
    const appliance = await damagedCopy((files) => {
      const path = file === 'CURRENT' ? join(files.folder, file) : files.largest(file);
      if (/deleted|missing/.test(name)) files.remove(path);
      else files.change(path, (bytes) => bytes.subarray(0, name.includes('cut') ? bytes.length >> 1 : 0));
    });
    await expect(appliance.start()).rejects.toThrow(code);
    const { report, files, damage, code: exit } = await verified(appliance);
    expect(exit).toBe(1);
    expect(files).toEqual([expect.stringContaining(what)]);
    expect(report.damagedRecords).toBe(2 * lost);
    const range = file === '.log' ? `${MESSAGES / 2 + 1} to ${MESSAGES}` : `1 to ${MESSAGES / 2}`;
    const expected = [`messages ${range}`, `entries erp:normal ${range}`].map(
      (at) => `${at}: missing (${lost} records)`,
    );
    expect(damage).toEqual(lost === 0 ? [] : expected);
  },
);

test.each([
  { name: 'a zeroed block in a log', file: '.log', salvaged: false, damage: zeroed },
  { name: 'a zeroed block in a table, salvaged', file: '.ldb', salvaged: true, damage: zeroed },
  { name: 'a missing table, salvaged', file: '.ldb', salvaged: true, damage: null },
])(
  '$name: the lost are held with cases, their accounts wait, the rest is delivered; cured, all of it is, in order',
  async ({ file, damage, salvaged }) => {
    const erp = await startFakeErp();
    onTestFinished(() => erp.stop());
    const appliance = await onCopyOf(filled, erp.url);
    onTestFinished(() => appliance.dispose());
    const files = new StoreFiles(appliance);
    if (damage === null) files.remove(files.largest(file));
    else files.change(files.largest(file), damage);
    const lost = (await verified(appliance)).report.damage.filter(({ table }) => table === 'entries');
    const count = lost.reduce((sum, { records }) => sum + records, 0);
    expect(count).toBeGreaterThan(0);

    if (salvaged) await salvage(appliance, count);
    await appliance.start();
    const { posted } = await untilSettled(appliance, count);
    expect(erp.effects).toHaveLength(posted);
    expect(erp.reusedKeys).toEqual([]);
    const { openCases, verdict } = await statusOf(appliance);
    expect(openCases).toBeGreaterThan(0);
    expect(verdict.state).toBe('needs-attention');
    const { stdout } = await appliance.command('exceptions', 'list', '--json');
    expect(stdout).toContain('store-damaged erp');
    expect(appliance.logs()).toContain('stored events are damaged or missing and were set aside');
    // The running appliance answers verify itself; entries that were set aside are in their place again.
    expect((await verify(appliance)).report.damage.some(({ table }) => table === 'entries')).toBe(false);

    // What its message still tells is made again; of the others nothing is left.
    await appliance.command('exceptions', 'reprocess', '--all');
    await appliance.command('exceptions', 'discard', '--all', '--reason', 'entered by hand', '--yes');
    const cured = await until('everything is settled', async () => {
      const [row] = (await statusOf(appliance)).destinations;
      return row !== undefined && row.posted + row.discarded === MESSAGES ? row : null;
    });
    expect(cured).toMatchObject({ held: 0, waiting: 0, blockedBehind: 0 });
    expect(new Set(erp.effects.map(({ id }) => id)).size).toBe(cured.posted);
    expect(erp.effects).toHaveLength(cured.posted);
    expect(outOfOrder(erp.effects)).toEqual([]);
    // In a log message and event are lost together; in a table one of them is there.
    if (file === '.ldb' && damage !== null) expect(cured.posted).toBe(MESSAGES);
  },
);

test.each([
  { name: 'a zeroed block', damage: zeroed },
  { name: 'bytes overwritten in many blocks', damage: scattered },
])(
  '$name of a table, and every write fails: what can be read is delivered once, senders hear AE, the way on is named',
  async ({ damage }) => {
    const erp = await startFakeErp();
    onTestFinished(() => erp.stop());
    const appliance = await onCopyOf(filled, erp.url);
    onTestFinished(() => appliance.dispose());
    const files = new StoreFiles(appliance);
    files.change(files.largest('.ldb'), damage);
    const lost = (await verified(appliance)).report.damage.filter(({ table }) => table === 'entries');
    const count = lost.reduce((sum, { records }) => sum + records, 0);
    expect(count).toBeGreaterThan(0);

    await appliance.start();
    await untilSettled(appliance, count);
    const { store, verdict } = await until('the store is known to be damaged', async () => {
      const status = await statusOf(appliance);
      return status.store.state === 'damaged' ? status : null;
    });
    expect(store.reason).toBe('LEVEL_CORRUPTION');
    expect(verdict).toEqual({ state: 'blocked', text: expect.stringContaining('causeway salvage') as string });
    expect((await fetch(`${appliance.statusUrl}/readyz`)).status).toBe(503);
    expect(await reply(appliance, 'NEW1')).toContain('MSA|AE|NEW1');
    expect(new Set(erp.effects.map(({ id }) => id)).size).toBe(erp.effects.length);
    expect(outOfOrder(erp.effects)).toEqual([]);
    expect(erp.reusedKeys).toEqual([]);
    // Said once, not again and again.
    expect(appliance.logs().match(/a damaged table stops every write/g)).toHaveLength(1);
    // A failure while it is being opened counts, too.
    expect(appliance.logs().match(/store failed: nothing is accepted/g)?.length).toBeLessThanOrEqual(3);

    await appliance.stop();
    const data = join(appliance.directory, 'data');
    await appliance.command('salvage', '--to', `${data}-copy`);
    renameSync(data, `${data}-damaged`);
    renameSync(`${data}-copy`, data);
    await appliance.start();
    const { posted } = await untilSettled(appliance, count);
    // What was sent before goes again under the same keys.
    expect(erp.effects).toHaveLength(posted);
    expect(await reply(appliance, 'NEW1')).toContain('MSA|AA|NEW1');
  },
);

test.each([
  { name: 'of a destination', key: 't!d!erp', recounted: ['destination erp'] },
  { name: 'of a channel', key: 't!c!clinical', recounted: ['channel clinical'] },
  { name: 'that hold the newest numbers', key: 't!s', recounted: ['sequences'] },
])(
  'damaged totals $name: no start on guesses; salvage counts them anew and its copy starts',
  async ({ key, recounted }) => {
    const erp = await startFakeErp();
    onTestFinished(() => erp.stop());
    const appliance = await onCopyOf(filled, erp.url);
    onTestFinished(() => appliance.dispose());
    const data = join(appliance.directory, 'data');
    const disk = await openLevel(join(data, 'db'), { createIfMissing: false });
    const value = Buffer.from(disk.getSync(key) ?? []);
    flip(value, value.length - 1);
    await disk.batch([{ type: 'put', key, value }], { sync: true });
    await disk.close();
    await expect(appliance.start()).rejects.toThrow('STORE_DAMAGED');

    const { stdout } = await appliance.command('salvage', '--to', `${data}-copy`, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ recounted, after: { damagedRecords: 0 } });
    renameSync(data, `${data}-damaged`);
    renameSync(`${data}-copy`, data);
    await appliance.start();
    await untilErp(appliance, { posted: MESSAGES, held: 0, waiting: 0 });
    const { channels, destinations } = await statusOf(appliance);
    expect(channels[0]?.totals).toMatchObject({ received: MESSAGES, accepted: MESSAGES });
    expect(destinations[0]?.money.posted).toEqual([{ currency: 'USD', amount: '500.00' }]);
    expect(await reply(appliance, 'NEW1')).toContain('MSA|AA|NEW1');
  },
);

async function reply({ mllpPort }: Appliance, controlId: string): Promise<string> {
  const client = await connectMllp(mllpPort);
  onTestFinished(() => client.close());
  return (await client.send(charge({ controlId, patient: 'P1', amount: '1.25' }))).toString();
}

/** Salvages to another folder, shows that the store is as it was, and puts the copy in its place. */
async function salvage(appliance: Appliance, lostEntries: number): Promise<void> {
  const data = join(appliance.directory, 'data');
  const files = new StoreFiles(appliance);
  const before = files.content();
  const { code, stdout } = await appliance.command('salvage', '--to', `${data}-copy`, '--json');
  expect(files.content()).toEqual(before);
  expect(code).toBe(1);
  const { after } = JSON.parse(stdout) as { after: StoreReport };
  expect(after.tables.entries).toBe(MESSAGES - lostEntries);
  renameSync(data, `${data}-damaged`);
  renameSync(`${data}-copy`, data);
}

/** The lost ones are held, and what does not wait behind one of them is delivered. */
async function untilSettled(appliance: Appliance, lost: number) {
  return until(
    'everything that may go is delivered',
    async () => {
      const [row] = (await statusOf(appliance)).destinations;
      if (row?.held !== lost || row.posted + row.blockedBehind !== MESSAGES - lost) return null;
      // What waits behind a request on its way goes a moment later.
      await sleep(1_000);
      return (await statusOf(appliance)).destinations[0]?.posted === row.posted ? row : null;
    },
    30_000,
  );
}

/** Control ids that took effect after a younger one of their account. */
function outOfOrder(effects: readonly ErpEvent[]): readonly string[] {
  const latest = new Map<string, number>();
  return effects.flatMap((event) => {
    const [account, number] = [String(event['subject']), Number(String(event['correlationid']).slice(1))];
    const before = latest.get(account) ?? -1;
    latest.set(account, Math.max(before, number));
    return number < before ? [`D${number}`] : [];
  });
}
