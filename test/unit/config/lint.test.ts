import { expect, test } from 'vitest';
import { edited, problemsOf } from './support.ts';

const SECOND = (id: string, listener: string) =>
  `  - id: ${id}\n    listener: { ${listener} }\n` +
  '    format: { kind: hl7v2 }\n    routes: [ { to: erp } ]\ndestinations:';

test('two channels with one id', () => {
  expect(problemsOf(edited(['destinations:', SECOND('clinical', 'kind: mllp, port: 2576')]))).toEqual([
    'facility.yaml:9:9 channels.1.id: expected an id of its own, found "clinical" again; first at facility.yaml:5:9',
  ]);
});

test.each([
  ['the same host, unsaid', 'kind: mllp, port: 2575', true],
  ['the same host by name', 'kind: mllp, port: 2575, host: localhost', true],
  ['every address', 'kind: mllp, port: 2575, host: 0.0.0.0, allowPlaintext: true, allow: [10.0.0.0/8]', true],
  ['another address', 'kind: mllp, port: 2575, host: 10.0.0.5, allowPlaintext: true, allow: [10.0.0.0/8]', false],
  ['another port', 'kind: mllp, port: 2576', false],
  ['a port that the system chooses', 'kind: mllp, port: 0', false],
])('two channels on one port: %s', (_, listener, clashes) => {
  const problems = problemsOf(edited(['destinations:', SECOND('lab', listener)]));
  const text =
    'channels.1.listener.port: expected a port of its own' +
    ', found 2575 which channels.0.listener uses (facility.yaml:6:35)';
  expect(problems).toEqual(clashes ? [`facility.yaml:10:35 ${text}`] : []);
});

test('the status page on the port of a listener', () => {
  expect(problemsOf(edited(['8080', '2575']))).toEqual([
    'facility.yaml:3:17 status.port: expected a port of its own' +
      ', found 2575 which channels.0.listener uses (facility.yaml:6:35)',
  ]);
});

test('several ports that the system chooses never meet', () => {
  expect(problemsOf(edited(['8080', '0'], ['2575', '0']))).toEqual([]);
});

test('a condition that cannot be read is told with the words of the condition language', () => {
  const checkCondition = (text: string) => (text.includes('((') ? 'a bracket is not closed' : null);
  const text = edited(['to: erp }', 'to: erp, when: "((" }'], ['USD', 'USX']);
  expect(problemsOf(text, { checkCondition })).toEqual([
    expect.stringContaining(':1:90 facility.currency: expected an ISO 4217 code'),
    'facility.yaml:8:32 channels.0.routes.0.when: expected a CEL condition: a bracket is not closed',
  ]);
  expect(problemsOf(edited(['to: erp }', 'to: erp, when: "true" }']), { checkCondition })).toEqual([]);
});

test('time zones of a channel and character sets are checked by name', () => {
  const text = edited(
    ['kind: hl7v2', 'kind: hl7v2, fallbackCharset: latin-99'],
    ['    routes', '    profile: { timezone: Europe/Berln }\n    routes'],
  );
  expect(problemsOf(text)).toEqual([
    expect.stringContaining(':7:45 channels.0.format.fallbackCharset: expected the name of a character set'),
    expect.stringContaining(
      ':8:26 channels.0.profile.timezone: expected an IANA time zone such as America/Chicago' +
        ', found "Europe/Berln"; did you mean Europe/Berlin?',
    ),
  ]);
  expect(problemsOf(edited(['America/Chicago', '"+05:00"']))).toHaveLength(1);
  expect(problemsOf(edited(['kind: hl7v2', 'kind: hl7v2, charset: 8859/15']))).toEqual([]);
});

const SECRETS: readonly (readonly [name: string, edit: readonly [string, string], says: RegExp])[] = [
  [
    'a value where a reference belongs',
    ['batch:', 'authorization: { secret: hunter2 }\n    batch:'],
    /:15:30 .*secret: expected \{ file: … \} or \{ credential: … \}/,
  ],
  [
    'a value below a misspelt key',
    ['batch:', 'authorisation: { secret: hunter2 }\n    batch:'],
    /:15:30 .*secret: expected/,
  ],
  ['an unknown key', ['batch:', 'authorization: { token: hunter2 }\n    batch:'], /:15:22 .*token: unknown key/],
  [
    'an unknown key of the destination',
    ['batch:', 'password: hunter2\n    batch:'],
    /:15:5 destinations\.0\.password: unknown key/,
  ],
  [
    'a header',
    ['batch:', 'headers: { authorization: Bearer hunter2 }\n    batch:'],
    /:15:16 .*headers\.authorization: a secret may not stand here/,
  ],
  [
    'a header of the wrong type',
    ['batch:', 'headers: { X-Api: [hunter2] }\n    batch:'],
    /:15:23 .*headers\.X-Api: expected/,
  ],
  ['an address', ['http://', 'http://scott:hunter2@'], /:12:10 .*url: expected an address without user and password/],
  [
    'an address that is also wrong',
    ['http://127.0.0.1', 'http://scott:hunter2@example.org'],
    /:12:10 .*url: expected https/,
  ],
  [
    'broken YAML',
    ['batch:', 'authorization: { secret: "hunter2 }\n    batch:'],
    /:15:30 YAML: this quote is never closed/,
  ],
];

test.each(SECRETS)('a secret written as %s is told as a problem and never shown', (_, edit, says) => {
  const problems = problemsOf(edited(edit)).join('\n');
  expect(problems).toMatch(says);
  expect(problems).not.toContain('hunter2');
});

test('secrets by file and by credential are taken', () => {
  expect(problemsOf(edited(['batch:', 'authorization: { secret: { file: token } }\n    batch:']))).toEqual([]);
  expect(problemsOf(edited(['batch:', 'authorization: { secret: { credential: erp-token } }\n    batch:']))).toEqual(
    [],
  );
});
