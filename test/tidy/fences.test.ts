import { expect, test } from 'vitest';
import { doorProblems, packageOf, textProblems } from './fences.ts';
import { readTree } from './source-tree.ts';

test('each library has one door', () => {
  expect(doorProblems(readTree())).toEqual([]);
});

test.each([
  ['src/api/routes.ts', "import { Level } from 'level';", 'level: use the Database interface'],
  ['src/delivery/circuit.ts', "import got from 'got';", 'got: use the Sender port'],
  ['src/delivery/circuit.ts', "import pRetry from 'p-retry';", 'p-retry: use the Sender port'],
  ['src/api/server.ts', "import { WebSocketServer } from 'ws';", 'ws: use the live feed of src/api/live.ts'],
  ['src/app.ts', "import pino from 'pino';", 'pino: use the Log interface'],
  ['src/cli/run.ts', "import { parse } from 'yaml';", 'yaml: use loadConfig'],
  ['src/api/x-routes.ts', "import type { FastifyInstance } from 'fastify';", 'fastify: use the route port of src/api'],
  ['src/mappings/dft.ts', "import Big from 'big.js';", 'big.js: use src/model/decimal.ts'],
  ['src/cli/send.ts', "import { Command } from 'commander';", 'commander: use src/cli/program.ts'],
  ['src/app.ts', "import _ from 'lodash/fp';", 'lodash, which has no door: name one in test/tidy/fences.ts'],
])('%s with %s is refused', (path, text, message) => {
  expect(doorProblems([{ path, text }])).toEqual([`${path} imports ${message}`]);
});

test('doors stand open to the files named', () => {
  expect(doorProblems([{ path: 'src/platform/level-disk.ts', text: "import { Level } from 'level';" }])).toEqual([]);
  expect(doorProblems([{ path: 'src/cli/send.ts', text: "import type { Command } from 'commander';" }])).toEqual([]);
  expect(packageOf('@scope/name/deep')).toBe('@scope/name');
  expect(packageOf('node:fs')).toBeNull();
});

test('time, chance, environment and terminal are reached through their doors only', () => {
  expect(textProblems(readTree())).toEqual([]);
});

test.each([
  ['const at = Date.now();', 'Date.now: use clock.nowMs()'],
  ['const at = new Date( );', 'new Date(): use clock.nowMs()'],
  ['const at = performance.now();', 'performance.now: use clock.monotonicMs()'],
  ['const roll = Math.random();', 'Math.random: use the Random passed in'],
  ["const home = process.env['HOME'];", 'process.env: use the configuration'],
  ['setTimeout(retry, 100);', 'setTimeout: use clock.after()'],
  ["import { setTimeout as sleep } from 'node:timers/promises';", 'node:timers: use clock.after()'],
  ["console.log('x');", 'console: use the Log interface'],
  ['process.exit(1);', 'process.exit: use a thrown CausewayError'],
  ["eval('1');", 'eval: use code'],
])('%s in the outbox is refused', (text, message) => {
  expect(textProblems([{ path: 'outbox/outbox.ts', text: `\n${text}` }])).toEqual([
    `outbox/outbox.ts:2 has ${message}`,
  ]);
});

test('the same texts may stand in comments and behind the doors', () => {
  expect(textProblems([{ path: 'outbox/outbox.ts', text: '// never Date.now() here' }])).toEqual([]);
  expect(textProblems([{ path: 'src/platform/clock.ts', text: 'Date.now(); setTimeout(a, 1);' }])).toEqual([]);
  expect(textProblems([{ path: 'src/delivery/x.ts', text: 'new Date(atMs).toISOString();' }])).toEqual([]);
});
