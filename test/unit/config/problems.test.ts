import fc from 'fast-check';
import { expect, test } from 'vitest';
import { edited, problemsOf, SMALLEST } from './support.ts';

interface Mistake {
  readonly name: string;
  readonly edit: readonly [find: string, replacement: string];
  /** `line:column` when it is the only mistake. */
  readonly at: string;
  /** `path: text` as printed; a part that names the matter. */
  readonly says: string;
}

/** Mistakes in different words of the configuration, so that any of them can be made together. */
const MISTAKES: readonly Mistake[] = [
  {
    name: 'unknown key at top level',
    edit: ['channels:\n', 'extra: 1\nchannels:\n'],
    at: '4:1',
    says: 'extra: unknown key; expected facility, store, status, memory, log, channels or destinations',
  },
  {
    name: 'misspelt key at top level',
    edit: ['status: {', 'staus: {'],
    at: '3:1',
    says: 'staus: unknown key; did you mean status?',
  },
  {
    name: 'id outside the pattern',
    edit: ['id: st-marys', 'id: St_Mary'],
    at: '1:17',
    says: 'facility.id: expected 1 to 63 of a-z, 0-9 and hyphen, such as st-marys, found "St_Mary"',
  },
  {
    name: 'unknown time zone',
    edit: ['America/Chicago', 'America/Chigaco'],
    at: '1:63',
    says:
      'facility.timezone: expected an IANA time zone such as America/Chicago' +
      ', found "America/Chigaco"; did you mean America/Chicago?',
  },
  {
    name: 'currency in small letters',
    edit: ['currency: USD', 'currency: usd'],
    at: '1:90',
    says: 'facility.currency: expected an ISO 4217 code in capitals such as USD, found "usd"; did you mean USD?',
  },
  {
    name: 'wrong type of a path',
    edit: ['path: ./data', 'path: [data]'],
    at: '2:16',
    says: 'store.path: expected a text, found a list',
  },
  {
    name: 'port of the status page as text',
    edit: ['port: 8080', 'port: "8080"'],
    at: '3:17',
    says: 'status.port: expected a whole number from 0 to 65535, found the text "8080" (write it without quotes)',
  },
  {
    name: 'unknown kind of listener',
    edit: ['kind: mllp', 'kind: mlpp'],
    at: '6:23',
    says: 'channels.0.listener.kind: expected mllp, found "mlpp"; did you mean mllp?',
  },
  {
    name: 'port out of range',
    edit: ['port: 2575', 'port: 70000'],
    at: '6:35',
    says: 'channels.0.listener.port: expected a whole number from 0 to 65535, found 70000',
  },
  {
    name: 'unknown character set',
    edit: ['kind: hl7v2 }', 'kind: hl7v2, charset: windoze }'],
    at: '7:37',
    says:
      'channels.0.format.charset: expected the name of a character set such as utf-8 or windows-1252' +
      ', found "windoze"',
  },
  {
    name: 'bad word of an enum',
    edit: ['    routes:', '    policy: { onProblem: holt }\n    routes:'],
    at: '8:26',
    says: 'channels.0.policy.onProblem: expected hold or reject, found "holt"; did you mean hold?',
  },
  {
    name: 'unknown destination of a route',
    edit: ['to: erp', 'to: epr'],
    at: '8:21',
    says: 'channels.0.routes.0.to: expected the id of a destination (erp), found "epr"; did you mean erp?',
  },
  {
    name: 'plain http to another machine',
    edit: ['http://127.0.0.1:18080', 'http://erp.example.org'],
    at: '12:10',
    says: 'destinations.0.url: expected https:// (plain http is possible to a loopback address only)',
  },
  {
    name: 'yes where true is meant',
    edit: ['allowInsecureLoopback: true', 'allowInsecureLoopback: yes'],
    at: '13:28',
    says: 'destinations.0.allowInsecureLoopback: expected true or false, found "yes"',
  },
  {
    name: 'misspelt nested key',
    edit: ['idempotencyHeader:', 'idempotency_header:'],
    at: '14:5',
    says: 'destinations.0.idempotency_header: unknown key; did you mean idempotencyHeader?',
  },
  {
    name: 'a key one level too high',
    edit: ['    batch:', '    maxBytes: 5000\n    batch:'],
    at: '15:5',
    says: 'destinations.0.maxBytes: unknown key; did you mean batch.maxBytes?',
  },
  {
    name: 'number below its bound',
    edit: ['maxEvents: 1 }', 'maxEvents: 0 }'],
    at: '15:25',
    says: 'destinations.0.batch.maxEvents: expected a whole number from 1 to 1000, found 0',
  },
];

test.each(MISTAKES)('$name: told with its line, column and cure', ({ edit, at, says }) => {
  const problems = problemsOf(edited(edit)).filter((line) => line.startsWith(`facility.yaml:${at} ${says}`));
  expect(problems).toHaveLength(1);
});

test.each(MISTAKES.filter(({ name }) => name !== 'yes where true is meant'))('$name: told once', ({ edit }) => {
  expect(problemsOf(edited(edit))).toHaveLength(1);
});

test('any mistakes made together are all told: none hides another', () => {
  fc.assert(
    fc.property(fc.subarray([...MISTAKES], { minLength: 2 }), (mistakes) => {
      const text = edited(...mistakes.map(({ edit }) => edit));
      const problems = problemsOf(text).map((line) =>
        line.replace(/^[^ ]+ staus\./, (place) => place.replace('staus', 'status')),
      );
      for (const { edit, says, name } of mistakes) {
        const [path = '', ...rest] = says.split(': ');
        const told = problems.find(
          (line) => line.includes(rest.join(': ')) && line.includes(path.split('.').at(-1) ?? ''),
        );
        expect(told, `${name} in\n${problems.join('\n')}`).toBeDefined();
        const changed = edit[1].trim().split('\n')[0] ?? '';
        const line = text.slice(0, text.indexOf(changed)).split('\n').length;
        expect(told, name).toMatch(new RegExp(`^facility\\.yaml:${line}:\\d+ `));
      }
    }),
    { numRuns: 60 },
  );
});

test('six mistakes in one file', () => {
  const text = edited(
    ['America/Chicago', 'America/Chigaco'],
    ['status:', 'statsu:'],
    ['port: 2575', 'prot: 2575'],
    ['to: erp', 'to: epr'],
    ['maxEvents: 1 }', 'maxEvents: "1" }'],
    ['http://127.0.0.1:18080', 'http://erp.example.org'],
  );
  expect(problemsOf(text)).toEqual([
    'facility.yaml:1:63 facility.timezone: expected an IANA time zone such as America/Chicago' +
      ', found "America/Chigaco"; did you mean America/Chicago?',
    'facility.yaml:3:1 statsu: unknown key; did you mean status?',
    'facility.yaml:6:29 channels.0.listener.prot: unknown key; did you mean port?',
    'facility.yaml:8:21 channels.0.routes.0.to: expected the id of a destination (erp), found "epr"; did you mean erp?',
    'facility.yaml:12:10 destinations.0.url: expected https:// (plain http is possible to a loopback address only)' +
      ', found "http://erp.example.org/events"',
    'facility.yaml:15:25 destinations.0.batch.maxEvents: expected a whole number from 1 to 1000' +
      ', found the text "1" (write it without quotes)',
  ]);
});

test('what is missing is told at the key above it, with what is expected', () => {
  expect(problemsOf('facility: { id: a }\nlog: {}\n')).toEqual([
    'facility.yaml:1:1 facility.name: is missing; expected a text of 1 to 200 characters',
    'facility.yaml:1:1 facility.timezone: is missing; expected an IANA time zone such as America/Chicago',
    'facility.yaml:1:1 facility.currency: is missing; expected an ISO 4217 code in capitals such as USD',
    'facility.yaml:1:1 store: is missing; ' +
      'expected a mapping with path, create, disk, encryption, retention, scrubRecordsPerSecond',
    'facility.yaml:1:1 status: is missing; expected a mapping with host, port',
    'facility.yaml:1:1 channels: is missing; expected a list (each item on its own line after `- `, or inside [ ])',
    'facility.yaml:1:1 destinations: is missing; expected a list (each item on its own line after `- `, or inside [ ])',
  ]);
  expect(problemsOf(edited(['kind: mllp, port: 2575', 'host: 127.0.0.1']))).toEqual([
    'facility.yaml:6:5 channels.0.listener.kind: is missing; expected mllp',
    'facility.yaml:6:5 channels.0.listener.port: is missing; expected a whole number from 0 to 65535',
  ]);
});

test('a destination without kind is told so, whatever else it is called', () => {
  expect(problemsOf(edited(['    kind: https-json  ', '    #']))).toEqual([
    'facility.yaml:10:5 destinations.0.kind: is missing; expected https-json',
  ]);
});

test('a misspelt key hides neither its wrong value nor another missing key', () => {
  expect(problemsOf(edited(['kind: mllp, port: 2575', 'knid: mllp, prot: 99999']))).toEqual([
    'facility.yaml:6:17 channels.0.listener.knid: unknown key; did you mean kind?',
    'facility.yaml:6:29 channels.0.listener.prot: unknown key; did you mean port?',
    'facility.yaml:6:35 channels.0.listener.prot: expected a whole number from 0 to 65535, found 99999',
  ]);
});

test('misspelt lists are still checked for repeated ids, unknown routes and ports', () => {
  const text = edited(
    ['channels:', 'chanels:'],
    ['destinations:', 'destnations:'],
    ['to: erp', 'to: epr'],
    ['port: 2575', 'prot: 8080'],
    ['  - id: erp', '  - { id: erp, kind: https-json, url: https://erp.example.org }\n  - id: erp'],
  );
  const problems = problemsOf(text).join('\n');
  expect(problems).toContain('facility.yaml:4:1 chanels: unknown key; did you mean channels?');
  expect(problems).toContain('facility.yaml:9:1 destnations: unknown key; did you mean destinations?');
  expect(problems).toContain(
    ':3:17 status.port: expected a port of its own, found 8080 which channels.0.listener uses',
  );
  expect(problems).toContain(
    ':8:21 channels.0.routes.0.to: expected the id of a destination (erp), found "epr"; did you mean erp?',
  );
  expect(problems).toContain(
    ':11:9 destinations.1.id: expected an id of its own, found "erp" again; first at facility.yaml:10:11',
  );
});

test('empty lists and empty values are told where they stand', () => {
  const channels = SMALLEST.slice(SMALLEST.indexOf('channels:'), SMALLEST.indexOf('destinations:'));
  expect(problemsOf(edited([channels, 'channels: []\n']))).toEqual([
    'facility.yaml:4:11 channels: expected at least 1 item, found an empty list',
  ]);
  expect(problemsOf(edited([channels, 'channels:\n'])).join()).toMatch(
    /:4:\d+ channels: expected a list .* found nothing/,
  );
  expect(problemsOf(edited(['routes: [ { to: erp } ]', 'routes: { to: erp }'])).join()).toMatch(
    /:8:13 channels\.0\.routes: expected a list .* found a mapping/,
  );
});

test('plain http to loopback needs the word that allows it', () => {
  expect(problemsOf(edited(['    allowInsecureLoopback: true ', '    # ']))).toEqual([
    'facility.yaml:12:10 destinations.0.url: expected https://, or allowInsecureLoopback: true' +
      ' for plain http to loopback, found "http://127.0.0.1:18080/events"',
  ]);
});

test('numbers where text is meant come with the cure', () => {
  expect(problemsOf(edited(['    routes', '    profile: { amountTolerance: 0.01 }\n    routes']))).toEqual([
    'facility.yaml:8:33 channels.0.profile.amountTolerance: expected a decimal text such as "0.01"' +
      ', found 0.01 (write it in quotes)',
  ]);
});

test('a configuration of nothing says what it needs', () => {
  expect(problemsOf('# nothing\n')).toHaveLength(5);
  expect(problemsOf('hello\n')[0]).toBe('facility.yaml:1:1 expected a mapping that starts with facility:');
});
