/** A store that is not there: told when a new one is made, an error where none may be made. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startFakeErp } from '../support/fake-erp.ts';
import { freePorts } from '../support/free-port.ts';
import { CAUSEWAY, runCommand, smallestConfig, startAppliance } from '../support/start-appliance.ts';

test('store.create: false makes an unmounted volume an error, never an empty start', async () => {
  const [statusPort = 0, mllpPort = 0] = await freePorts(2);
  const folder = mkdtempSync(join(tmpdir(), 'causeway-created-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'causeway.yaml');
  const text = smallestConfig({ statusPort, mllpPort, erpUrl: 'http://127.0.0.1:9/events' });
  writeFileSync(file, text.replace('path: ./data', 'path: ./data, create: false'));
  const { code, stdout, stderr } = await runCommand(CAUSEWAY, ['run', '--config', file], folder);
  expect(code).not.toBe(0);
  expect(stdout + stderr).toMatch(/STORE_MISSING[\s\S]*store\.create is false/);
  expect(existsSync(join(folder, 'data/db'))).toBe(false);
});

test('a new store is told by status: since when it exists', async () => {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  expect((await appliance.command('status')).stdout).toMatch(/^Store open · made \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/m);
});
