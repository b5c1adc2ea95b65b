import { expect, test } from 'vitest';
import { findAcks } from './sync-trace.ts';

const LOG = /\/db\/\d+\.log$/;
const write = '7 write(18</s/db/000003.log>, "...SYNC1...", 90) = 90';
const sync = '7 fdatasync(18</s/db/000003.log>) = 0';
const ack = '5 write(22<TCP:[127.0.0.1:2575->127.0.0.1:5000]>, "\\vMSH|^~\\\\&\\rMSA|AA|SYNC1\\r\\34\\r", 60) = 60';
const problems = (...lines: readonly string[]) => findAcks(lines.join('\n'), LOG).map(({ problem }) => problem);

const NOT_WRITTEN = 'acknowledged before it was written to the log of the store';
const NOT_SYNCED = 'acknowledged before a sync that began after its write had succeeded';

test('an acknowledgment after write and sync is sound', () => {
  expect(problems(write, sync, ack)).toEqual([null]);
});

test('an acknowledgment before the write or before the sync is found', () => {
  expect(problems(ack, write, sync)).toEqual([NOT_WRITTEN]);
  expect(problems(write, ack, sync)).toEqual([NOT_SYNCED]);
  expect(problems(sync, write, ack)).toEqual([NOT_SYNCED]);
});

test('a sync that failed, of another file, or that was still running proves nothing', () => {
  expect(problems(write, sync.replace('= 0', '= -1 EIO (Input/output error)'), ack)).toEqual([NOT_SYNCED]);
  expect(problems(write, sync.replace('000003', '000005'), ack)).toEqual([NOT_SYNCED]);
  expect(
    problems(write, '7 fdatasync(18</s/db/000003.log> <unfinished ...>', ack, '7 <... fdatasync resumed>) = 0'),
  ).toEqual([NOT_SYNCED]);
});

test('a sync that had begun before the write ended proves nothing', () => {
  expect(
    problems(
      '8 fdatasync(18</s/db/000003.log> <unfinished ...>',
      write,
      '8 <... fdatasync resumed>)             = 0',
      ack,
    ),
  ).toEqual([NOT_SYNCED]);
});

test('interrupted calls and several replies in one write are read', () => {
  const two = '5 writev(22<TCP:[127.0.0.1:2575->127.0.0.1:5000]>, [{"MSA|AA|SYNC1\\r"}, {"MSA|AA|SYNC2\\r"}], 2) = 60';
  expect(
    findAcks(
      [
        '7 write(18</s/db/000003.log>, "SYNC1", 9 <unfinished ...>',
        '5 write(1</dev/null>, "x", 1) = 1',
        '7 <... write resumed>)                 = 9',
        sync,
        two,
      ].join('\n'),
      LOG,
    ),
  ).toEqual([
    { controlId: 'SYNC1', problem: null },
    { controlId: 'SYNC2', problem: NOT_WRITTEN },
  ]);
});
