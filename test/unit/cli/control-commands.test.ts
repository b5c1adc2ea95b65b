import { expect, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import type { ExceptionCase } from '../../../src/model/exception-case.ts';
import { type Answer, type Asked, startFakeAppliance } from './fake-appliance.ts';
import { fakeContext } from './fake-context.ts';

const NOW = Date.now();

const caseOf = (number: number, cause: string, state = 'open') =>
  ({
    caseId: `x${String(number).padStart(16, '0')}`,
    state,
    cause,
    channelId: 'clinical',
    messageId: 'm0000000000000001',
    controlId: `C${number}`,
    messageType: 'MDM^T02',
    problems: [{ code: 'unmapped-type', path: 'MSH-9', text: 'No mapping.' }],
    entryIds: [],
    openedAtMs: NOW - number * 60_000,
  }) as unknown as ExceptionCase;

async function run(argv: readonly string[], answer: (asked: Asked) => Answer, { below = '' } = {}) {
  const appliance = await startFakeAppliance(answer, { below });
  const context = fakeContext({ variables: { SUDO_USER: 'analyst' } });
  const code = await runProgram([...argv, '--store', appliance.store], context);
  return { code, asked: appliance.asked, stdout: context.stdout, stderr: context.stderr };
}

/** Pages of a listing as the appliance gives them: `after` is the last id of the page before. */
const paged =
  <Row>(rows: readonly Row[], idOf: (row: Row) => string) =>
  ({ query }: Asked): Answer => {
    const from = query['after'] === undefined ? 0 : rows.findIndex((row) => idOf(row) === query['after']) + 1;
    const page = rows.slice(from, from + Number(query['limit']));
    const last = page.at(-1);
    const next = last !== undefined && from + page.length < rows.length ? idOf(last) : null;
    return [200, { rows: page, next, damaged: [] }];
  };

test('the cases of a long queue are read to its end and grouped by cause, most frequent first', async () => {
  const cases = Array.from({ length: 1_203 }, (_, index) =>
    caseOf(index + 1, index % 3 === 0 ? 'required FT1-7.1' : 'unmapped-type MDM^T02'),
  );
  const { code, asked, stdout } = await run(
    ['exceptions', 'list'],
    paged(cases, (row) => row.caseId),
  );
  expect(code).toBe(0);
  expect(asked).toHaveLength(3);
  expect(asked.every(({ query }) => query['state'] === 'open' && Number(query['limit']) <= 500)).toBe(true);
  expect(stdout[0]).toMatch(/CASES\s+CAUSE\s+OLDEST\s+CHANNEL/);
  expect(stdout[1]).toMatch(/802\s+unmapped-type MDM\^T02\s+20 h.*clinical/);
  expect(stdout[2]).toMatch(/401\s+required FT1-7\.1/);
});

test('programs get every case with its control id', async () => {
  const cases = [caseOf(1, 'a'), caseOf(2, 'a')];
  const { stdout } = await run(
    ['exceptions', 'list', '--json'],
    paged(cases, (row) => row.caseId),
  );
  expect(stdout.map((line) => (JSON.parse(line) as ExceptionCase).controlId)).toEqual(['C1', 'C2']);
});

test('an empty queue is said in words', async () => {
  const { code, stdout, stderr } = await run(
    ['exceptions', 'list'],
    paged([] as ExceptionCase[], (row) => row.caseId),
  );
  expect([code, stdout]).toEqual([0, []]);
  expect(stderr[0]).toContain('nothing waits for a person');
});

test('reprocessing a cause takes the cases of that cause, and records who asked', async () => {
  const cases = [caseOf(1, 'a'), caseOf(2, 'a')];
  const { code, asked, stdout, stderr } = await run(['exceptions', 'reprocess', '--cause', 'a'], (question) =>
    question.route.startsWith('GET')
      ? paged(cases, (row) => row.caseId)(question)
      : [200, caseOf(1, 'a', 'reprocessed')],
  );
  expect(code).toBe(0);
  expect(asked[0]?.query).toMatchObject({ state: 'open', cause: 'a' });
  expect(asked.slice(1).map(({ route }) => route)).toEqual(
    cases.map(({ caseId }) => `POST /v1/exceptions/${caseId}/reprocess`),
  );
  expect(asked[1]?.body).toEqual({ by: 'analyst' });
  expect(stderr).toContain('2 cases reprocessed.');
  expect(stdout).toEqual(['2 cases reprocessed: a']);
});

test('one case that somebody else has closed does not keep the rest from being reprocessed', async () => {
  const cases = [caseOf(1, 'a'), caseOf(2, 'a'), caseOf(3, 'a')];
  const { code, stderr, stdout } = await run(['exceptions', 'reprocess', '--all'], (question) => {
    if (question.route.startsWith('GET')) return paged(cases, (row) => row.caseId)(question);
    return question.route.includes('002/')
      ? [409, { code: 'WRONG_STATE', text: '', hint: '', detail: 'it is closed' }]
      : [200, caseOf(3, 'a', 'reprocessed')];
  });
  expect(code).toBe(1);
  expect(stdout).toEqual(['2 cases reprocessed: a']);
  expect(stderr.join('\n')).toMatch(/x0000000000000002: WRONG_STATE.*it is closed/);
});

test.each([
  [['exceptions', 'reprocess'], /Name one case/],
  [['exceptions', 'reprocess', 'x1', '--all'], /Name one case/],
  [['exceptions', 'discard', 'x1'], /--reason/],
  [['exceptions', 'list', '--state', 'closed'], /expects one of open/],
  [['dead-letters', 'replay'], /Name one entry/],
  [['replay', '--destination', 'erp'], /needs --destination, --from and --to/],
])('half a command is refused before anything is asked: %j', async (argv, said) => {
  const { code, asked, stderr } = await run(argv, () => [200, {}]);
  expect([code, asked]).toEqual([2, []]);
  expect(stderr.join('\n')).toMatch(said);
});

test('a discarded case carries its reason', async () => {
  const { code, asked } = await run(['exceptions', 'discard', 'x1', '--reason', ' test message '], () => [
    200,
    caseOf(1, 'a', 'discarded'),
  ]);
  expect(code).toBe(0);
  expect(asked[0]?.body).toEqual({ by: 'analyst', reason: 'test message' });
});

test('an unknown case is "no", with the hint of the catalogue', async () => {
  const { code, stderr } = await run(['exceptions', 'show', 'x9'], () => [
    404,
    { code: 'NOT_FOUND', text: '', hint: '', detail: 'case x9' },
  ]);
  expect(code).toBe(1);
  expect(stderr.join('\n')).toMatch(/NOT_FOUND: .*case x9\nHint: Ids stand in/);
});

test('a case is shown with what is wrong and what waits with it', async () => {
  const entry = {
    entryId: 'erp:normal:42',
    kind: 'charge.posted',
    line: 'FT1[2]',
    state: 'held',
    blockedBehind: 3,
    blockedBy: null,
    waitsAgain: false,
    attempts: [{ atMs: NOW, class: 'validation', reason: 'status 422' }],
  };
  const { stdout } = await run(['exceptions', 'show', 'x1'], () => [
    200,
    { case: caseOf(1, 'cause'), message: null, entries: [entry], damaged: [] },
  ]);
  expect(stdout.join('\n')).toMatch(
    /at MSH-9: No mapping\.[\s\S]*erp:normal:42.*waits for a person, 3 later entries[\s\S]*validation: status 422/,
  );
});

test('a dead letter is replayed under its id, colons and all', async () => {
  const { code, asked } = await run(['dead-letters', 'replay', 'erp:normal:42'], () => [
    200,
    { entryId: 'erp:normal:42', state: 'pending', kind: 'charge.posted' },
  ]);
  expect(code).toBe(0);
  expect(asked[0]?.route).toBe('POST /v1/dead-letters/erp%3Anormal%3A42/replay');
});

test('a replay only counts unless --yes is given', async () => {
  const range = ['replay', '--destination', 'erp', '--from', 'm0000000000000001', '--to', 'm0000000000000002'];
  const answer = (): Answer => [
    200,
    {
      ...{ way: 'held', entries: 7, replayed: 0, money: [{ currency: 'USD', amount: '1234567.50' }] },
      ...{ damaged: [], damagedRecords: 0 },
    },
  ];
  const dry = await run(range, answer);
  expect(dry.asked[0]?.body).toMatchObject({
    dryRun: true,
    destinationId: 'erp',
    fromMessageId: 'm0000000000000001',
    toMessageId: 'm0000000000000002',
  });
  expect(dry.stdout[0]).toBe('Would send 7 events to erp again: USD 1,234,567.50.');
  expect(dry.stderr[0]).toContain('--yes is refused (REPLAY_NOT_RECOGNISED)');
  expect(dry.stderr.join('\n')).not.toContain('--yes\n');
  const done = await run([...range, '--yes'], answer);
  expect(done.asked[0]?.body).toMatchObject({ dryRun: false });
});

test('an appliance that is not running is exit 2 with the cure', async () => {
  const context = fakeContext();
  expect(await runProgram(['status', '--store', '/does/not/exist'], context)).toBe(2);
  expect(context.stderr.join('\n')).toMatch(/^NOT_RUNNING: [\s\S]*ENOENT[\s\S]*Hint: Start it/);
});

test('an appliance whose store path is too long for a socket is found where it listens', async () => {
  const { code, asked } = await run(['dead-letters', 'list'], () => [200, { rows: [], next: null, damaged: [] }], {
    below: 'long/'.repeat(30),
  });
  expect([code, asked.length]).toEqual([0, 1]);
});

test('an answer that is no error of the catalogue is still told', async () => {
  const { code, stderr } = await run(['status'], () => [
    400,
    { code: 'OF_A_NEWER_VERSION', text: 'The request does not fit.', detail: 'limit' },
  ]);
  expect(code).toBe(2);
  expect(stderr[0]).toBe('The appliance answered with status 400. The request does not fit. limit');
});
