import { expect, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { dateAndTime } from '../../../src/cli/wording.ts';
import { type Answer, type Asked, startFakeAppliance } from './fake-appliance.ts';
import { fakeContext } from './fake-context.ts';

const caseOf = (number: number, cause: string) => ({
  caseId: `x${number}`,
  state: 'open',
  cause,
  channelId: 'clinical',
  messageId: 'm1',
  controlId: `C${number}`,
  messageType: 'MDM^T02',
  problems: [],
  entryIds: [],
  openedAtMs: Date.UTC(2026, 2, 1, 15, 14, 3),
});

const QUEUE = [caseOf(1, 'required PV1-19.1'), caseOf(2, 'unmapped-type MDM^T02'), caseOf(3, 'unmapped-type MDM^T02')];

/** An appliance with three open cases that takes every discard. */
const queue = ({ route, query }: Asked): Answer => {
  if (route.startsWith('POST')) {
    const found = QUEUE.find(({ caseId }) => route.includes(`/${caseId}/`));
    return [200, { ...found, state: 'discarded' }];
  }
  const rows = QUEUE.filter(({ cause }) => query['cause'] === undefined || query['cause'] === cause);
  return [200, { rows: rows.slice(0, Number(query['limit'])), next: null, damaged: [] }];
};

async function run(argv: readonly string[], answer: (asked: Asked) => Answer = queue) {
  const appliance = await startFakeAppliance(answer);
  const context = fakeContext();
  const code = await runProgram([...argv, '--store', appliance.store], context);
  const posted = appliance.asked.filter(({ route }) => route.startsWith('POST')).map(({ route }) => route);
  return { code, posted, stdout: context.stdout, stderr: context.stderr };
}

test.each([
  [['--cause', 'unmapped-type MDM^T02'], ['Would discard 2 cases: unmapped-type MDM^T02']],
  [['--all'], ['Would discard 1 case: required PV1-19.1', 'Would discard 2 cases: unmapped-type MDM^T02']],
])('many cases are only counted until --yes: %j', async (chosen, counted) => {
  const argv = ['exceptions', 'discard', ...chosen, '--reason', 'not billed'];
  const dry = await run(argv);
  expect([dry.code, dry.posted, dry.stdout]).toEqual([0, [], counted]);
  expect(dry.stderr.at(-1)).toMatch(/^Next: causeway exceptions discard --.* --reason 'not billed' --yes$/);
  const done = await run([...argv, '--yes']);
  expect(done.stdout).toEqual(counted.map((line) => line.replace(/Would discard (\d cases?):/, '$1 discarded:')));
  expect(done.posted.length).toBe(chosen[0] === '--all' ? 3 : 2);
});

test('a cause that the list has cut is printed whole with --wide, and taken as it was printed', async () => {
  const long = `required ${'X'.repeat(100)}`;
  const rows = [caseOf(4, long), caseOf(5, 'unmapped-type MDM^T02'), caseOf(6, 'unmapped-type MDM^T03')];
  const answer = ({ query }: Asked): Answer => [
    200,
    { rows: rows.filter(({ cause }) => (query['cause'] ?? cause) === cause), next: null, damaged: [] },
  ];
  const printed = /required X+…/.exec((await run(['exceptions', 'list'], answer)).stdout.join('\n'))?.[0] ?? '';
  expect(printed).toHaveLength(80);
  expect((await run(['exceptions', 'list', '--wide'], answer)).stdout.join('\n')).toContain(long);
  const counted = await run(['exceptions', 'discard', '--cause', printed, '--reason', 'test'], answer);
  expect(counted.stdout).toEqual([`Would discard 1 case: ${long}`]);
  const unclear = await run(['exceptions', 'discard', '--cause', 'unmapped-type MDM…', '--reason', 'test'], answer);
  expect(unclear).toMatchObject({ code: 2, posted: [], stderr: ['2 causes begin so.', expect.any(String)] });
});

test.each([
  [['m0000000000000009', 'm0000000000000002'], '--from is later than --to.'],
  [['17', 'm0000000000000002'], '17 is no message id.'],
])('a range that cannot be meant is not replayed: %j', async ([from = '', to = ''], told) => {
  const { code, posted, stderr } = await run(['replay', '--destination', 'erp', '--from', from, '--to', to]);
  expect([code, posted, stderr[0]]).toEqual([2, [], told]);
});

test('programs get the count before, and every case after', async () => {
  const argv = ['exceptions', 'discard', '--all', '--reason', 'test', '--json'];
  const dry = await run(argv);
  expect(JSON.parse(dry.stdout[0] ?? '')).toMatchObject({ dryRun: true, cases: 3 });
  expect((await run([...argv, '--yes'])).stdout).toHaveLength(3);
});

test('a listing that was cut does not claim to be the whole', async () => {
  const cut = await run(['exceptions', 'list', '--all', '--limit', '2']);
  expect(cut.stdout).toHaveLength(3);
  expect(cut.stderr[0]).toBe('First 2 shown, oldest first; there are more open cases.');
  expect((await run(['exceptions', 'list', '--limit', '3'])).stderr[0]).toBe('3 open cases.');
});

test.each([['list'], ['reprocess']])('a cause that no case has is told with what else is open: %s', async (command) => {
  const { stderr } = await run(['exceptions', command, '--cause', 'unmapped-type']);
  expect(stderr[0]).toBe('No open case has this cause; 3 others are open.');
});

test('a closed case shows why and when, in the zone that is known', async () => {
  const closed = { closedAtMs: Date.UTC(2026, 2, 1, 15, 20, 0), closedBy: 'ann', closedReason: 'entered by hand' };
  const { stdout, stderr } = await run(['exceptions', 'show', 'x1'], () => [
    200,
    { case: { ...caseOf(1, 'a'), ...closed, state: 'discarded' }, message: null, entries: [], damaged: [] },
  ]);
  expect(stdout[0]).toBe('x1  closed: discarded  a');
  expect(stdout).toContain('Opened    2026-03-01 15:14:03 UTC');
  expect(stdout).toContain('Reason    entered by hand');
  expect(stderr).toEqual([]);
});

test('an open case names the cure first, then both ways to close it', async () => {
  const entry = {
    entryId: 'erp:normal:1',
    kind: 'held',
    line: 'FT1[2]',
    state: 'held',
    blockedBehind: 0,
    blockedBy: null,
    waitsAgain: false,
    attempts: [],
  };
  const { stdout, stderr } = await run(['exceptions', 'show', 'x1'], () => [
    200,
    { case: caseOf(1, 'a'), message: null, entries: [entry], damaged: [] },
  ]);
  expect(stdout.at(-1)).toBe('Entry     erp:normal:1  FT1[2]  waits for a person, 0 later entries behind it');
  expect(stderr.join('\n')).toMatch(/^Cure the cause .*then:\n.*reprocess x1\nOr.*\n.*discard x1 --reason TEXT$/);
});

test('a time says its zone', () => {
  expect(dateAndTime(Date.UTC(2026, 2, 1, 15, 14, 3), 'America/Chicago')).toBe('2026-03-01 09:14:03 America/Chicago');
});
