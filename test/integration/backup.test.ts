/** A backup of the running appliance is one moment of it, and costs intake little. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkBackup, readBackup } from '../../src/platform/backup-file.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { type Appliance, startAppliance } from '../support/start-appliance.ts';

async function running(): Promise<Appliance> {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  return appliance;
}

/** Sends until `isOver`; gives the numbers of the messages that were acknowledged, each with the time of its AA. */
async function load(port: number, prefix: string, isOver: () => boolean): Promise<number[]> {
  const client = await connectMllp(port);
  const times: number[] = [];
  while (!isOver()) {
    const payloads = Array.from({ length: 20 }, (_, index) =>
      charge({ controlId: `${prefix}${times.length + index}`, patient: `${prefix}P${index}` }),
    );
    for (const reply of await client.pipeline(payloads)) {
      expect(reply).toContain('MSA|AA|');
      times.push(performance.now());
    }
  }
  await client.close();
  return times;
}

const keysOf = async (path: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const part of readBackup(path))
    if (part.kind === 'records') keys.push(...part.records.map(([key]) => key));
  return keys;
};

test('a backup under load holds every message that was acknowledged before it, and every one whole', async () => {
  const appliance = await running();
  let over = false;
  const loads = ['A', 'B'].map((prefix) => load(appliance.mllpPort, prefix, () => over));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const began = performance.now();
  const path = join(appliance.directory, 'one.backup');
  const made = await appliance.command('backup', '--to', path, '--json');
  over = true;
  const times = (await Promise.all(loads)).flat();
  expect(made.stderr).not.toContain('No appliance runs');
  expect(made.code).toBe(0);
  expect(JSON.parse(made.stdout)).toMatchObject({ path, damage: [], header: { epoch: 1 } });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(appliance.directory).filter((name) => name.endsWith('.draft'))).toEqual([]);

  const keys = await keysOf(path);
  const count = (prefix: string) => keys.filter((key) => key.startsWith(prefix)).length;
  const acknowledgedBefore = times.filter((at) => at < began).length;
  expect(acknowledgedBefore).toBeGreaterThan(100);
  expect(times.length).toBeGreaterThan(acknowledgedBefore);
  expect(count('m!')).toBeGreaterThanOrEqual(acknowledgedBefore);
  expect(count('m!')).toBeLessThanOrEqual(times.length);
  // Every message of this load gives one entry and one control id, in the same group.
  expect(count('e!')).toBe(count('m!'));
  expect(count('c!')).toBe(count('m!'));

  const again = await appliance.command('backup', '--to', path);
  expect(again.code).toBe(2);
  expect(again.stderr).toMatch(/BACKUP_FAILED.*exists already/);
});

test('a stopped store is backed up directly, into a folder, and damage of the file is named', async () => {
  const appliance = await running();
  const client = await connectMllp(appliance.mllpPort);
  for (let number = 0; number < 50; number += 1) await client.send(charge({ controlId: `S${number}` }));
  await client.close();
  await appliance.stop();
  const made = await appliance.command('backup', '--to', appliance.directory, '--json');
  expect(made.code).toBe(0);
  const { path } = JSON.parse(made.stdout) as { path: string };
  expect(path).toMatch(/\/causeway-[0-9a-f]{8}-1-\d{8}T\d{6}Z\.backup$/);
  expect((await keysOf(path)).filter((key) => key.startsWith('m!'))).toHaveLength(50);
  expect((await appliance.command('backup', 'verify', path)).stdout).toContain(': whole');

  const bytes = readFileSync(path);
  const damaged = join(appliance.directory, 'damaged.backup');
  for (const at of [20, 60, 300, Math.floor(bytes.length / 2), bytes.length - 3]) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 4;
    writeFileSync(damaged, flipped);
    expect((await checkBackup(damaged)).damage, `byte ${at}`).not.toEqual([]);
  }
  for (const length of [0, 10, 16, 100, bytes.length - 1]) {
    writeFileSync(damaged, bytes.subarray(0, length));
    expect((await checkBackup(damaged)).damage, `cut at ${length}`).not.toEqual([]);
  }
  const told = await appliance.command('backup', 'verify', damaged);
  expect(told.code).toBe(1);
  expect(told.stdout).toMatch(/damaged[\s\S]*at byte \d+: the backup ends in the middle/);
}, 60_000);
