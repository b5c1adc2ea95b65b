/** Encryption at rest on the running appliance: who has the disk but not the key learns nothing of a patient. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeNewStoreKey } from '../../src/platform/store-keys.ts';
import { statusOf, untilErp } from '../support/appliance-status.ts';
import { type FakeErp, startFakeErp } from '../support/fake-erp.ts';
import { admission, charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { type Appliance, prepareAppliance, smallestConfig } from '../support/start-appliance.ts';
import { scanStore } from '../support/store-scan.ts';
import { until } from '../support/until.ts';

const NAME = 'ZZCANARYNAME';
const MRN = 'MRNCANARY77';
const CONTROL_ID = 'CTLCANARY01';
const HELD_ID = 'HLDCANARY02';
const WORDS = [NAME, MRN, CONTROL_ID, HELD_ID];

/** A message that is delivered, one that needs a person, one that nobody can read. */
const MESSAGES = [
  admission({ controlId: CONTROL_ID, patient: MRN }).replace('EXAMPLE', NAME),
  charge({ controlId: HELD_ID, patient: MRN, amount: 'not-a-number' }).replace('EXAMPLE', NAME),
  `PID|1||${MRN}||${NAME}\r`,
];

interface Setup {
  readonly appliance: Appliance;
  readonly erp: FakeErp;
  /** Writes `store: { encryption: … }` into the configuration; it counts from the next start. */
  configure(encryption: string): void;
  /** Makes a key and gives its place in the list of keys. */
  newKey(id: string): string;
  readonly store: string;
}

async function prepared(): Promise<Setup> {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await prepareAppliance({ erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  const { configPath, directory, statusPort, mllpPort } = appliance;
  const plain = smallestConfig({ statusPort, mllpPort, erpUrl: erp.url });
  return {
    appliance,
    erp,
    configure: (encryption) =>
      writeFileSync(configPath, plain.replace('path: ./data', `path: ./data, encryption: ${encryption}`)),
    newKey(id) {
      writeNewStoreKey(join(directory, `${id}.key`));
      return `{ id: ${id}, file: ${id}.key }`;
    },
    store: join(directory, 'data'),
  };
}

async function send(appliance: Appliance, messages: readonly string[]): Promise<string[]> {
  const sender = await connectMllp(appliance.mllpPort);
  const replies: string[] = [];
  for (const message of messages) replies.push(await sender.send(message));
  await sender.close();
  return replies;
}

const untilSealed = (appliance: Appliance): Promise<boolean> =>
  until('every record is sealed anew', async () => (await statusOf(appliance)).store.encryption.rewrite === null);

test('no name, record number or control id stands in any file of an encrypted store; without it they do', async () => {
  const { appliance, erp, configure, newKey, store } = await prepared();
  const secret = newKey('one');
  configure(`{ keys: [ ${secret} ] }`);
  await erp.setMode('down');
  await appliance.start();
  const replies = await send(appliance, MESSAGES);
  expect(replies.map((reply) => /MSA\|(A[AER])/.exec(reply)?.[1])).toEqual(['AA', 'AA', 'AR']);
  await appliance.kill9();
  expect(await scanStore(store, WORDS)).toEqual([]);

  await erp.setMode('ok');
  await appliance.start();
  await untilErp(appliance, { waiting: 0 });
  expect(JSON.stringify(erp.effects)).toContain(MRN);
  const effects = erp.effects.length;
  expect(await send(appliance, MESSAGES.slice(0, 2))).toEqual(replies.slice(0, 2));
  await appliance.stop();
  expect(erp.effects).toHaveLength(effects);
  expect(await scanStore(store, WORDS)).toEqual([]);
  const key = readFileSync(join(appliance.directory, 'one.key'), 'utf8').trim();
  expect(appliance.logs()).not.toContain(key);

  const open = await prepared();
  open.configure('off');
  await open.appliance.start();
  await send(open.appliance, MESSAGES);
  await open.appliance.stop();
  const found = await scanStore(open.store, WORDS);
  expect(new Set(found.map(({ word }) => word))).toEqual(new Set(WORDS));
  expect(found.map(({ where }) => where)).toEqual(expect.arrayContaining(['key of table c', 'value of table m']));
});

test('without its key, or with another one, the appliance refuses to start and leaves the store alone', async () => {
  const { appliance, configure, newKey } = await prepared();
  const one = newKey('one');
  const two = newKey('two');
  configure(`{ keys: [ ${one} ] }`);
  await appliance.start();
  const [reply] = await send(appliance, MESSAGES.slice(0, 1));
  await appliance.stop();

  const refusals = [
    ['off', 'STORE_KEY_MISSING'],
    [`{ keys: [ ${two} ] }`, 'STORE_KEY_MISSING'],
    [`{ keys: [ { id: one, file: two.key } ] }`, 'STORE_KEY_WRONG'],
    [`{ keys: [ { id: one, file: absent.key } ] }`, 'SECRET_UNREADABLE'],
  ] as const;
  for (const [encryption, code] of refusals) {
    configure(encryption);
    const { code: exit, stderr } = await appliance.command('run');
    expect([exit, stderr]).toEqual([2, expect.stringContaining(`${code}: `)]);
    expect(stderr).toContain('Hint: ');
    // Told by a look at the machine, too, before anybody starts it.
    const doctor = await appliance.command('doctor');
    expect([doctor.code, doctor.stdout]).toEqual([1, expect.stringContaining(`encryption: ${code}: `)]);
  }
  configure(`{ keys: [ ${one} ] }`);
  await appliance.start();
  expect(await send(appliance, MESSAGES.slice(0, 1))).toEqual([reply]);
  expect((await statusOf(appliance)).channels[0]?.totals).toMatchObject({ received: 1, duplicate: 1 });
});

test('encryption is switched on and its key changed on a store that has messages; old keys may then go', async () => {
  const { appliance, erp, configure, newKey, store } = await prepared();
  configure('off');
  await appliance.start();
  const replies = await send(appliance, MESSAGES);
  await untilErp(appliance, { waiting: 0 });
  await appliance.stop();
  const effects = erp.effects.length;

  const one = newKey('one');
  configure(`{ keys: [ ${one} ] }`);
  await appliance.start();
  await untilSealed(appliance);
  expect((await send(appliance, MESSAGES.slice(0, 2))).concat(replies[2] ?? '')).toEqual(replies);
  // LevelDB names keys in its own log and file list, and keeps those of one start before: two starts take them away.
  for (let start = 0; start < 2; start += 1) {
    await appliance.stop();
    await appliance.start();
  }
  await appliance.stop();
  expect(await scanStore(store, WORDS)).toEqual([]);

  const two = newKey('two');
  configure(`{ keys: [ ${two}, ${one} ], rewritePerSecond: 100 }`);
  await appliance.start();
  await appliance.kill9();
  await appliance.start();
  await untilSealed(appliance);
  expect((await statusOf(appliance)).store.encryption.keys).toEqual(['two']);
  await appliance.stop();
  configure(`{ keys: [ ${two} ] }`);
  await appliance.start();
  expect((await send(appliance, MESSAGES.slice(0, 2))).concat(replies[2] ?? '')).toEqual(replies);
  expect(erp.effects).toHaveLength(effects);
  expect((await statusOf(appliance)).openCases).toBe(1);
  expect(existsSync(join(store, 'PROVISIONED'))).toBe(true);
});
