/** The machine is lost; the store goes on elsewhere from a backup, and nothing takes effect a second time. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { RestoreReport } from '../../src/appliance/restore.ts';
import { writeNewStoreKey } from '../../src/platform/store-keys.ts';
import { erpOf, moneyOf, untilErp } from '../support/appliance-status.ts';
import { type FakeErp, startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { type Appliance, prepareAppliance, startAppliance } from '../support/start-appliance.ts';

const PATIENTS = 10;
const numbered = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => {
    const number = from + index;
    return charge({ controlId: `N${number}`, patient: `P${number % PATIENTS}`, amount: '1.25' });
  });

async function sendAll(appliance: Appliance, payloads: readonly string[]): Promise<void> {
  const sender = await connectMllp(appliance.mllpPort);
  for (let at = 0; at < payloads.length; at += 50)
    for (const reply of await sender.pipeline(payloads.slice(at, at + 50))) expect(reply).toMatch(/MSA\|AA\|/);
  await sender.close();
}

interface Lost {
  readonly erp: FakeErp;
  readonly backup: string;
  /** Not started; its store folder does not exist. */
  readonly successor: Appliance;
}

/** Delivered, then waiting, then the backup while more comes in; then all delivered; then the machine is gone. */
async function lostMachine(options: { maxEvents?: number; destinationExtra?: string } = {}): Promise<Lost> {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const first = await startAppliance({ erpUrl: erp.url, ...options });
  onTestFinished(() => first.dispose());
  await sendAll(first, numbered(0, 100));
  await untilErp(first, { posted: 100 });
  await erp.setMode(503);
  await sendAll(first, numbered(100, 100));
  const loading = sendAll(first, numbered(200, 400));
  const backup = join(first.directory, 'last.backup');
  expect(await first.command('backup', '--to', backup)).toMatchObject({ code: 0 });
  await loading;
  await erp.setMode('ok');
  await untilErp(first, { posted: 600, waiting: 0 }, 60_000);
  await first.kill9();
  const successor = await prepareAppliance({ erpUrl: erp.url, ...options });
  onTestFinished(() => successor.dispose());
  rmSync(join(first.directory, 'data'), { recursive: true });
  return { erp, backup, successor };
}

async function restore({ successor, backup }: Lost): Promise<RestoreReport> {
  const { code, stdout, stderr } = await successor.command('restore', '--from', backup, '--json');
  expect(stderr).not.toMatch(/^[A-Z_]+: /m);
  expect(code).toBe(0);
  return JSON.parse(stdout) as RestoreReport;
}

/** Every event took effect once, with the money of all, and first effects are in order per account. */
function expectOneEffectEach({ erp }: Lost, count: number): void {
  expect(new Set(erp.effects.map(({ id }) => id)).size).toBe(erp.effects.length);
  expect(erp.effects).toHaveLength(count);
  expect(moneyOf(erp.effects)).toEqual([{ currency: 'USD', amount: (count * 1.25).toFixed(2) }]);
  const perAccount = new Map<unknown, number[]>();
  for (const { subject, correlationid } of erp.effects)
    perAccount.set(subject, [...(perAccount.get(subject) ?? []), Number(String(correlationid).slice(1))]);
  for (const numbers of perAccount.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
}

test('one event per request: what waited goes out again under its keys, without second effect', async () => {
  const lost = await lostMachine();
  const { erp, successor } = lost;
  const report = await restore(lost);
  const [erpReport] = report.destinations;
  const waiting = erpReport?.waiting ?? 0;
  expect(erpReport).toMatchObject({ id: 'erp', way: 'recognised', held: 0 });
  expect(waiting).toBeGreaterThanOrEqual(100);
  expect(report).toMatchObject({ identity: { epoch: 2, epochReason: 'restored' }, openCases: 0 });
  const stored = Number(report.newestMessage?.messageId.slice(1));
  expect(stored).toBe(100 + waiting);

  const before = erp.requests.length;
  await successor.start();
  await untilErp(successor, { posted: stored, waiting: 0, held: 0, dead: 0 }, 60_000);
  expect(erp.requests.length - before).toBeGreaterThanOrEqual(waiting);
  expect(erp.reusedKeys).toEqual([]);
  expectOneEffectEach(lost, 600);

  // The senders repeat everything: what is in the backup is a duplicate, what was lost with the machine comes back.
  await sendAll(successor, numbered(0, 600));
  await untilErp(successor, { posted: 600, waiting: 0, held: 0 }, 60_000);
  expectOneEffectEach(lost, 600);
  await sendAll(successor, numbered(600, 20));
  await untilErp(successor, { posted: 620, waiting: 0 });
  expectOneEffectEach(lost, 620);
  const sequences = erp.effects.slice(-20).map(({ sequence }) => Number(sequence));
  expect(Math.min(...sequences)).toBeGreaterThan(1_000_000_000_000);
}, 120_000);

test('batches whose repetition would not be recognised wait for a person, all with one cause', async () => {
  const lost = await lostMachine({ maxEvents: 7 });
  const { erp, successor } = lost;
  const report = await restore(lost);
  const [erpReport] = report.destinations;
  const { held = 0, waiting = 0, cause = '' } = erpReport ?? {};
  expect(erpReport?.way).toBe('held');
  // What was in stored requests goes again in the same company under the same key.
  expect(held).toBeGreaterThanOrEqual(40);
  expect(waiting - held).toBeLessThanOrEqual(8 * 7);
  await successor.start();
  await untilErp(successor, { waiting: 0, held, posted: 100 + waiting - held }, 60_000);
  expectOneEffectEach(lost, 600);

  // One that the ERP does not have, found by a person; all others are there.
  const lostEvent = await forgottenEvent(successor, erp, String(cause));
  const all = ['--cause', String(cause)];
  const discarded = await successor.command('exceptions', 'discard', ...all, '--reason', 'found in the ERP', '--yes');
  expect(discarded.code).toBe(0);
  const end = await untilErp(successor, { waiting: 0, held: 0, discarded: held - 1 }, 60_000);
  expect(end.posted).toBe(100 + waiting - held + 1);
  expect(erp.effects.filter(({ id }) => id === lostEvent)).toHaveLength(1);
  expect(erp.reusedKeys).toEqual([]);
}, 120_000);

/** Takes the event of the oldest case out of the ERP's books, and confirms that case; gives its event id. */
async function forgottenEvent(successor: Appliance, erp: FakeErp, cause: string): Promise<string> {
  const listed = await successor.command('exceptions', 'list', '--cause', cause, '--json');
  const [oldest] = listed.stdout.split('\n');
  const { caseId, controlId } = JSON.parse(oldest ?? '{}') as { caseId: string; controlId: string };
  const place = erp.effects.findIndex(({ correlationid }) => correlationid === controlId);
  const [taken] = erp.effects.splice(place, 1);
  expect(await successor.command('exceptions', 'reprocess', caseId)).toMatchObject({ code: 0 });
  return taken?.id ?? 'none';
}

test('a destination that knows events by their ids gets them again, in whatever company', async () => {
  const lost = await lostMachine({ maxEvents: 7, destinationExtra: '    repetition: { by: event-id }\n' });
  const { erp, successor } = lost;
  const report = await restore(lost);
  expect(report.destinations[0]).toMatchObject({ way: 'recognised', held: 0 });
  await successor.start();
  const stored = 100 + (report.destinations[0]?.waiting ?? 0);
  await untilErp(successor, { posted: stored, waiting: 0, held: 0 }, 60_000);
  // This ERP compares event ids: what it saw again has no effect.
  expect(new Set(erp.effects.map(({ id }) => id)).size).toBe(600);
  expect((await erpOf(successor)).enqueued).toBe(stored);
}, 120_000);

test('a restore goes into an empty folder only, from a whole backup, and leaves nothing when it fails', async () => {
  const appliance = await startAppliance({});
  onTestFinished(() => appliance.dispose());
  await sendAll(appliance, numbered(0, 30));
  const backup = join(appliance.directory, 'one.backup');
  expect(await appliance.command('backup', '--to', backup)).toMatchObject({ code: 0 });
  expect((await appliance.command('restore', '--from', backup)).stderr).toMatch(/RESTORE_REFUSED.*is not empty/);
  await appliance.stop();
  expect((await appliance.command('restore', '--from', backup)).stderr).toMatch(/RESTORE_REFUSED/);

  const store = join(appliance.directory, 'data');
  rmSync(store, { recursive: true });
  const bytes = readFileSync(backup);
  const damaged = join(appliance.directory, 'damaged.backup');
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(damaged, bytes);
  expect((await appliance.command('restore', '--from', damaged)).stderr).toMatch(/BACKUP_DAMAGED.*byte \d+/);
  expect(existsSync(store)).toBe(false);
  expect((await appliance.command('restore', '--from', join(store, 'none'))).stderr).toMatch(/BACKUP_UNREADABLE/);

  mkdirSync(store);
  const restored = await appliance.command('restore', '--from', backup);
  expect(restored).toMatchObject({ code: 0 });
  expect(restored.stdout).toMatch(/restored and compared[\s\S]*epoch 2[\s\S]*ask each to send again/);
  expect(readdirSync(store).sort()).toEqual(['PROVISIONED', 'db']);
  await appliance.start();
  expect((await erpOf(appliance)).enqueued).toBe(30);
}, 60_000);

test('the backup of an encrypted store shows nothing, and is restored with its key only', async () => {
  const appliance = await prepareAppliance({});
  onTestFinished(() => appliance.dispose());
  const { configPath, directory } = appliance;
  const plain = readFileSync(configPath, 'utf8');
  const configure = (encryption: string): void =>
    writeFileSync(configPath, plain.replace('path: ./data', `path: ./data, encryption: ${encryption}`));
  writeNewStoreKey(join(directory, 'a.key'));
  writeNewStoreKey(join(directory, 'b.key'));
  configure('{ keys: [ { id: a, file: a.key } ] }');
  await appliance.start();
  await sendAll(appliance, [charge({ controlId: 'CTLCANARY', patient: 'MRNCANARY' })]);
  const backup = join(directory, 'sealed.backup');
  expect(await appliance.command('backup', '--to', backup)).toMatchObject({ code: 0 });
  await appliance.stop();
  expect(readFileSync(backup).includes('CANARY')).toBe(false);

  const store = join(directory, 'data');
  rmSync(store, { recursive: true });
  for (const [encryption, code] of [
    ['off', 'STORE_KEY_MISSING'],
    ['{ keys: [ { id: a, file: b.key } ] }', 'STORE_KEY_WRONG'],
  ] as const) {
    configure(encryption);
    expect((await appliance.command('restore', '--from', backup)).stderr).toContain(code);
    expect(existsSync(join(store, 'PROVISIONED'))).toBe(false);
  }
  configure('{ keys: [ { id: a, file: a.key } ] }');
  expect(await appliance.command('restore', '--from', backup)).toMatchObject({ code: 0 });
  await appliance.start();
  await sendAll(appliance, [charge({ controlId: 'CTLCANARY', patient: 'MRNCANARY' })]);
  expect((await erpOf(appliance)).enqueued).toBe(1);
}, 60_000);
