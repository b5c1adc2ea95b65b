import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { edited, folderWith, problemsAt, SMALLEST } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

function loadedFrom(path: string) {
  const loaded = loadConfig(path);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded;
}

test('the smallest configuration works exactly as it is promised', () => {
  const folder = folderWith({ 'my.yaml': SMALLEST });
  const { config, files } = loadedFrom(join(folder, 'my.yaml'));
  expect(config.facility).toEqual({
    ...{ id: 'st-marys', name: "St Mary's Hospital" },
    ...{ timezone: 'America/Chicago', currency: 'USD' },
  });
  expect(config.store.path).toBe(join(folder, 'data'));
  expect(config.status).toEqual({ host: '127.0.0.1', port: 8080 });
  expect(config.log.level).toBe('info');
  expect(config.channels[0]).toMatchObject({
    id: 'clinical',
    listener: { kind: 'mllp', host: '127.0.0.1', port: 2575, frameBytesMax: 16_777_216 },
    format: { kind: 'hl7v2', fallbackCharset: 'windows-1252' },
    profile: { amountTolerance: '0.01', patientId: { authorities: [] } },
    policy: { onProblem: 'hold', duplicateWindowDays: 7 },
    routes: [{ to: 'erp' }],
  });
  expect(config.destinations[0]).toMatchObject({
    ...{ id: 'erp', kind: 'https-json', url: 'http://127.0.0.1:18080/events', allowInsecureLoopback: true },
    ...{ idempotencyHeader: 'Idempotency-Key', batch: { maxEvents: 1 }, tls: {}, onBlocked: 'hold-key' },
  });
  expect(files).toEqual([join(folder, 'my.yaml')]);
});

test('the example facility keeps everything inside its own folder, so that a copy writes nowhere else', () => {
  const { config } = loadedFrom(join(ROOT, 'config/example'));
  expect(config.store.path).toBe(join(ROOT, 'config/example/data/store'));
  expect(config.channels.map(({ id }) => id)).toEqual(['clinical']);
  expect(config.destinations[0]).toMatchObject({
    url: 'https://127.0.0.1:18443/events',
    tls: { caFile: join(ROOT, 'config/example/data/sandbox/ca.pem') },
    batch: { maxEvents: 50 },
  });
});

test('relative paths start at the folder of the file that they stand in', () => {
  const [head = '', tail = ''] = SMALLEST.split('destinations:\n');
  const destination = `${tail}    tls: { caFile: ca.pem }\n    authorization: { secret: { file: ../token } }\n`;
  const folder = folderWith({ 'facility.yaml': head, 'destinations/erp.yaml': destination });
  const { config } = loadedFrom(folder);
  expect(config.store.path).toBe(join(folder, 'data'));
  expect(config.destinations[0]?.tls.caFile).toBe(join(folder, 'destinations/ca.pem'));
  expect(config.destinations[0]?.authorization?.secret).toEqual({ file: join(folder, 'token') });
});

test('a configuration named by a relative path has absolute paths inside, and its files as they were named', () => {
  const folder = folderWith({ 'facility.yaml': SMALLEST });
  const typed = relative('.', folder);
  const { config, files } = loadedFrom(typed);
  expect(config.store.path).toBe(join(folder, 'data'));
  expect(files).toEqual([join(typed, 'facility.yaml')]);
});

test('an absolute path stays as it is', () => {
  const folder = folderWith({ 'a.yaml': edited(['./data', '/var/lib/causeway']) });
  expect(loadedFrom(join(folder, 'a.yaml')).config.store.path).toBe('/var/lib/causeway');
});

test('a folder may hold one item or a list per file, in the order of the file names; empty files are no items', () => {
  const channel = (id: string, port: number) =>
    `id: ${id}\nlistener: { kind: mllp, port: ${port} }\nformat: { kind: hl7v2 }\nroutes: [ { to: erp } ]\n`;
  const listed = (text: string) => `- ${text.trimEnd().replaceAll('\n', '\n  ')}\n`;
  const folder = folderWith({
    'facility.yaml': SMALLEST.slice(0, SMALLEST.indexOf('channels:')),
    'channels/b.yaml': channel('second', 2),
    'channels/a.yml': listed(channel('first', 1)) + listed(channel('also-first', 3)),
    'channels/c.yaml': '# switched off\n',
    'channels/.hidden.yaml': 'nonsense',
    'channels/notes.txt': 'nonsense',
    'destinations/erp.yaml': 'id: erp\nkind: https-json\nurl: https://erp.example.org/events\n',
    'crosswalks/wards.csv': 'a,b',
  });
  const { config, files } = loadedFrom(folder);
  expect(config.channels.map(({ id }) => id)).toEqual(['first', 'also-first', 'second']);
  expect(files).toHaveLength(5);
});

test('a folder without facility.yaml, and a misplaced file, are told together with what is wrong inside', () => {
  const folder = folderWith({ 'channel.yaml': 'id: a', 'channels/x.yaml': 'id: X\n' });
  const problems = problemsAt(folder, `${folder}/`);
  expect(problems).toContain('facility.yaml:1:1 this file is missing');
  expect(problems.join('\n')).toMatch(/^channel\.yaml:1:1 this file is not read; expected facility\.yaml/m);
  expect(problems.join('\n')).toMatch(/^channels\/x\.yaml:1:5 channels\.0\.id: expected 1 to 63 of a-z/m);
  expect(problems.join('\n')).toMatch(/^channels\/x\.yaml:1:1 channels\.0\.listener: is missing/m);
});

test('problems of several files come file by file with their own lines', () => {
  const folder = folderWith({
    'facility.yaml': SMALLEST.slice(0, SMALLEST.indexOf('channels:')).replace('8080', '2575'),
    'channels/a.yaml':
      '\n\nid: a\nlistener: { kind: mllp, port: 2575 }\nformat: { kind: hl7v2 }\nroutes: [ { to: epr } ]\n',
    'destinations/erp.yaml': '# the ERP\nid: erp\nkind: https-json\nurl: http://erp.example.org/\n',
  });
  expect(problemsAt(folder, `${folder}/`)).toEqual([
    'facility.yaml:3:17 status.port: expected a port of its own' +
      ', found 2575 which channels.0.listener uses (channels/a.yaml:4:31)',
    'channels/a.yaml:6:17 channels.0.routes.0.to: expected the id of a destination (erp)' +
      ', found "epr"; did you mean erp?',
    'destinations/erp.yaml:4:6 destinations.0.url: expected https://' +
      ' (plain http is possible to a loopback address only)' +
      ', found "http://erp.example.org/"',
  ]);
});

test('a path that is not there is an environment failure, not a problem of the configuration', () => {
  expect(() => loadConfig('/nowhere/facility.yaml')).toThrow(expect.objectContaining({ code: 'CONFIG_UNREADABLE' }));
});

test('files that are too large or not text are refused unread', () => {
  const folder = folderWith({ 'big.yaml': 'a'.repeat(1_048_577), 'bytes.yaml': Uint8Array.of(0x61, 0xff, 0xfe) });
  expect(problemsAt(join(folder, 'big.yaml'), `${folder}/`)).toContain('big.yaml:1:1 this file is larger than 1 MiB');
  expect(problemsAt(join(folder, 'bytes.yaml'), `${folder}/`)).toContain('bytes.yaml:1:1 this file is not UTF-8 text');
});

test('a byte order mark at the start of a file does no harm', () => {
  const folder = folderWith({ 'a.yaml': `\ufeff${SMALLEST}` });
  expect(loadConfig(join(folder, 'a.yaml')).ok).toBe(true);
});

test.each([
  ['host: 0.0.0.0', false],
  ['host: 10.1.2.3, allowPlaintext: true', false],
  ['host: 10.1.2.3, allow: [10.0.0.0/8]', false],
  ['host: 0.0.0.0, allowPlaintext: true, allow: [10.0.0.0/8]', true],
  ['host: 0.0.0.0, tls: { certificateFile: a.pem, key: { file: a-key.pem } }', true],
  ['host: localhost', true],
  ["host: '::1'", true],
])('MLLP beyond this machine is encrypted, or open to named addresses by choice: %s', (listener, isRight) => {
  const folder = folderWith({ 'a.yaml': edited(['kind: mllp,', `kind: mllp, ${listener},`]) });
  const loaded = loadConfig(join(folder, 'a.yaml'));
  expect(loaded.ok).toBe(isRight);
  if (!loaded.ok) expect(loaded.problems).toMatchObject([{ text: expect.stringMatching(/allowPlaintext: true/) }]);
});

test.each([
  ['tls: { certificateFile: a.pem, key: { file: k.pem }, clientNames: [adt] }', /expected clientCaFile beside it/],
  ['allow: [10.0.0.0/33]', /expected an address or a range/],
  ['allow: [10.0.0]', /expected an address or a range/],
])('what would protect nobody is refused: %s', (listener, text) => {
  const folder = folderWith({ 'a.yaml': edited(['kind: mllp,', `kind: mllp, ${listener},`]) });
  const loaded = loadConfig(join(folder, 'a.yaml'));
  expect(loaded).toMatchObject({ ok: false, problems: [{ text: expect.stringMatching(text) }] });
});
