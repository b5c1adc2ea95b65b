/** `causeway doctor` tells what a person of the hospital's IT would otherwise find out too late. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkClock, checkRunning } from '../../../src/cli/doctor-checks.ts';
import { checkEncryption } from '../../../src/cli/doctor-keys.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { STORE_FORMAT } from '../../../src/model/store-format.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { Database } from '../../../src/platform/database.ts';
import { EncryptedEnvelope } from '../../../src/platform/encrypted-envelope.ts';
import { KeyRegister } from '../../../src/platform/key-register.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { readStoreKeys, writeNewStoreKey } from '../../../src/platform/store-keys.ts';
import { FAKE_STORE, fakeSnapshot } from '../../support/fake-operations.ts';
import { type Pair, TestCa } from '../../support/certificates.ts';
import { smallestConfig } from '../../support/start-appliance.ts';
import { fakeContext } from './fake-context.ts';

const PLAIN = smallestConfig({ statusPort: 0, mllpPort: 0, erpUrl: 'http://127.0.0.1:9/events' });

async function doctor(
  change: (text: string) => string,
  prepare: (folder: string) => void | Promise<void> = () => {},
  options: readonly string[] = [],
) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await prepare(folder);
  writeFileSync(join(folder, 'facility.yaml'), change(PLAIN));
  const context = fakeContext();
  const code = await runProgram(['doctor', '--config', join(folder, 'facility.yaml'), ...options], context);
  return { code, lines: context.stdout };
}

const line = (level: string, topic: string, words = ''): unknown =>
  expect.arrayContaining([expect.stringMatching(`^${level} +${topic}: .*${words}`)]);

test('a store without keys is a warning until somebody chooses; off is a choice', async () => {
  const silent = await doctor((text) => text);
  expect(silent).toMatchObject({ code: 0, lines: line('warn', 'encryption', 'encryption: off') });
  expect(silent.lines).toEqual(line('warn', 'appliance', 'None answers'));
  expect(silent.lines).toEqual(line('warn', 'destination erp', 'plain HTTP'));
  expect((await doctor((text) => text, () => {}, ['--strict'])).code).toBe(1);
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

const ENCRYPTED = (text: string) => text.replace('./data', './data, encryption: { keys: [ { id: a, file: a.key } ] }');

/** A store that key `a` of the folder has written. */
async function encryptedStore(folder: string): Promise<void> {
  writeNewStoreKey(join(folder, 'a.key'));
  mkdirSync(join(folder, 'data'), { mode: 0o700 });
  const keys = readStoreKeys([{ id: 'a', file: join(folder, 'a.key') }], null);
  const envelope = new EncryptedEnvelope(keys);
  const parts = { location: join(folder, 'data', 'db'), envelope, clock: systemClock, log: silentLog };
  const database = await Database.open({ ...parts, createIfMissing: true });
  await KeyRegister.open(database, { keys, envelope });
  await database.close();
}

test('a key file that is not the one of this store is told before the appliance refuses to start', async () => {
  expect(await doctor(ENCRYPTED, encryptedStore)).toMatchObject({
    code: 0,
    lines: line('ok', 'encryption', 'a writes'),
  });
  const wrong = await doctor(ENCRYPTED, async (folder) => {
    await encryptedStore(folder);
    rmSync(join(folder, 'a.key'));
    writeNewStoreKey(join(folder, 'a.key'));
  });
  expect(wrong).toMatchObject({ code: 1, lines: line('FAIL', 'encryption', 'STORE_KEY_WRONG') });
  const none = await doctor((text) => text, encryptedStore);
  expect(none).toMatchObject({ code: 1, lines: line('FAIL', 'encryption', 'STORE_KEY_MISSING') });
});

test('a key file that was changed under the running appliance is told before it stops', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'a.key');
  writeNewStoreKey(file);
  const [{ fingerprint }] = readStoreKeys([{ id: 'a', file }], null);
  const found = (fingerprints: readonly string[]) => {
    const running = { state: 'on', chosen: true, keys: ['a'], fingerprints, rewrite: null } as const;
    const config = { store: { path: folder, encryption: { keys: [{ id: 'a', file }] } } };
    return checkEncryption(config as unknown as Parameters<typeof checkEncryption>[0], { running, clock: systemClock });
  };
  expect(await found([fingerprint])).toMatchObject({ level: 'ok' });
  expect(await found(['00'])).toMatchObject({ level: 'fail', text: expect.stringContaining('not start again') });
});

test('a store that the next start changes, and one that it refuses, are told before an upgrade is tried', async () => {
  const withMarker = (format: number) => (folder: string) => {
    mkdirSync(join(folder, 'data'), { mode: 0o700 });
    writeFileSync(join(folder, 'data', 'PROVISIONED'), JSON.stringify({ format, storeId: 'a' }));
  };
  const present = await doctor((text) => text, withMarker(STORE_FORMAT));
  expect(present).toMatchObject({ code: 0, lines: line('ok', 'store format', `${STORE_FORMAT}`) });
  const older = await doctor((text) => text, withMarker(STORE_FORMAT - 1));
  expect(older).toMatchObject({ code: 0, lines: line('warn', 'store format', 'backup') });
  const newer = await doctor((text) => text, withMarker(STORE_FORMAT + 1));
  expect(newer).toMatchObject({ code: 1, lines: line('FAIL', 'store format', 'this version knows') });
});

test('a port that another process holds is told with its channel, before the start fails', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void holder.close());
  await once(holder, 'listening');
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const taken = await doctor((text) => text.replace('port: 0 }\n    format', `port: ${port} }\n    format`));
  expect(taken).toMatchObject({ code: 1, lines: line('FAIL', 'channel clinical', `Port ${port} .*another process`) });
  expect((await doctor((text) => text)).lines).toEqual(line('ok', 'ports'));
});

test('listeners and pages beyond this machine, an open store folder and a clock nobody set are told', async () => {
  const found = await doctor(
    (text) =>
      text
        .replace('kind: mllp,', 'kind: mllp, host: 0.0.0.0, allowPlaintext: true, allow: [10.0.0.0/8],')
        .replace('status: {', 'status: { host: 0.0.0.0,'),
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
      fakeSnapshot({
        store: { ...FAKE_STORE, encryption: { state: 'on', chosen: true, keys, fingerprints: [], rewrite } },
      }),
    ).at(-1);
  expect(keysOf(null, ['b'])).toMatchObject({ level: 'ok', text: expect.stringContaining('no older key is needed') });
  const running = { running: true, rewritten: 5, damaged: 0 };
  expect(keysOf(running, ['b', 'a'])).toMatchObject({
    level: 'warn',
    text: expect.stringContaining('keep every key (b, a)'),
  });
  expect(keysOf({ ...running, damaged: 2 }, ['b', 'a'])).toMatchObject({ level: 'fail' });
});

test('certificates are read and told before they end', async () => {
  const ca = new TestCa('Hospital CA');
  const listener = 'kind: mllp, tls: { certificateFile: own.pem, key: { file: own-key.pem }, clientCaFile: ca.pem },';
  const withCertificate =
    ({ certificate, key }: Pair, mode = 0o600) =>
    (folder: string): void => {
      writeFileSync(join(folder, 'own.pem'), certificate);
      writeFileSync(join(folder, 'own-key.pem'), key, { mode });
      writeFileSync(join(folder, 'ca.pem'), ca.certificate);
    };
  const found = (prepare: (folder: string) => void) => doctor((text) => text.replace('kind: mllp,', listener), prepare);
  const well = await found(withCertificate(ca.issue()));
  expect(well.lines).toEqual(
    line('ok', 'channel clinical', 'certificate localhost of channel clinical ends in 89 days'),
  );
  expect(well.lines).toEqual(line('ok', 'channel clinical', 'CA Hospital CA'));
  expect((await found(withCertificate(ca.issue({ until: 5 })))).lines).toEqual(
    line('warn', 'channel clinical', 'ends in 4 days'),
  );
  expect(await found(withCertificate(ca.issue({ until: -2 })))).toMatchObject({
    code: 1,
    lines: line('FAIL', 'channel clinical', 'ended'),
  });
  expect((await found(withCertificate(ca.issue(), 0o644))).lines).toEqual(
    line('warn', 'channel clinical', 'chmod 600'),
  );
  expect(await found(() => {})).toMatchObject({ code: 1, lines: line('FAIL', 'channel clinical', 'TLS_MATERIAL') });
});
