/** `causeway doctor` tells what a person of the hospital's IT would otherwise find out too late. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkClock, checkRunning } from '../../../src/cli/doctor-checks.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { writeNewStoreKey } from '../../../src/platform/store-keys.ts';
import { FAKE_STORE, fakeSnapshot } from '../../support/fake-operations.ts';
import { smallestConfig } from '../../support/start-appliance.ts';
import { fakeContext } from './fake-context.ts';

const PLAIN = smallestConfig({ statusPort: 8_080, mllpPort: 2_575, erpUrl: 'http://127.0.0.1:9/events' });

async function doctor(change: (text: string) => string, prepare: (folder: string) => void = () => {}) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  prepare(folder);
  writeFileSync(join(folder, 'facility.yaml'), change(PLAIN));
  const context = fakeContext();
  const code = await runProgram(['doctor', '--config', join(folder, 'facility.yaml')], context);
  return { code, lines: context.stdout };
}

const line = (level: string, topic: string, words = ''): unknown =>
  expect.arrayContaining([expect.stringMatching(`^${level} +${topic}: .*${words}`)]);

test('a store without keys is a warning until somebody chooses; off is a choice', async () => {
  const silent = await doctor((text) => text);
  expect(silent).toMatchObject({ code: 0, lines: line('warn', 'encryption', 'encryption: off') });
  expect(silent.lines).toEqual(line('warn', 'appliance', 'None answers'));
  expect(silent.lines).toEqual(line('warn', 'destination erp', 'plain HTTP'));
  const off = await doctor((text) => text.replace('./data', './data, encryption: off'));
  expect(off).toMatchObject({ code: 0, lines: line('ok', 'encryption', 'Off by choice') });
});

test('a good key is ok; one that others may read fails, and so does a wrong configuration', async () => {
  const keys = (text: string) => text.replace('./data', './data, encryption: { keys: [ { id: a, file: a.key } ] }');
  const good = await doctor(keys, (folder) => writeNewStoreKey(join(folder, 'a.key')));
  expect(good).toMatchObject({ code: 0, lines: line('ok', 'encryption', 'Key a writes') });
  const open = await doctor(keys, (folder) => {
    writeNewStoreKey(join(folder, 'a.key'));
    chmodSync(join(folder, 'a.key'), 0o644);
  });
  expect(open).toMatchObject({ code: 1, lines: line('FAIL', 'encryption', 'must be 0600') });
  const wrong = await doctor((text) => text.replace('kind: mllp', 'kind: mlp'));
  expect(wrong).toMatchObject({ code: 1, lines: line('FAIL', 'configuration', 'mllp') });
});

test('listeners and pages beyond this machine, an open store folder and a clock nobody set are told', async () => {
  const found = await doctor(
    (text) =>
      text.replace('kind: mllp,', 'kind: mllp, host: 0.0.0.0,').replace('status: {', 'status: { host: 0.0.0.0,'),
    (folder) => {
      mkdirSync(join(folder, 'data'));
      chmodSync(join(folder, 'data'), 0o755);
    },
  );
  expect(found.lines).toEqual(line('warn', 'channel clinical', '0.0.0.0'));
  expect(found.lines).toEqual(line('warn', 'status page', '0.0.0.0'));
  expect(found.lines).toEqual(line('warn', 'store folder', '755'));
  expect(checkClock(Date.UTC(1_970, 0, 2), 'America/Chicago')).toMatchObject({ level: 'fail' });
});

test('an old key may go only when the running appliance says that no record needs it', () => {
  const keysOf = (rewrite: (typeof FAKE_STORE)['encryption']['rewrite'], keys: readonly string[]) =>
    checkRunning(
      fakeSnapshot({ store: { ...FAKE_STORE, encryption: { state: 'on', chosen: true, keys, rewrite } } }),
    ).at(-1);
  expect(keysOf(null, ['b'])).toMatchObject({ level: 'ok', text: expect.stringContaining('no older key is needed') });
  const running = { running: true, rewritten: 5, damaged: 0 };
  expect(keysOf(running, ['b', 'a'])).toMatchObject({
    level: 'warn',
    text: expect.stringContaining('keep every key (b, a)'),
  });
  expect(keysOf({ ...running, damaged: 2 }, ['b', 'a'])).toMatchObject({ level: 'fail' });
});
