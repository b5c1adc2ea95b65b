/** What a person reads after a restore decides what is compared with the ERP: each event under the word of `status`. */
import { expect, test } from 'vitest';
import { describeDestination } from '../../../src/cli/restore.ts';

const RESTORED = {
  id: 'erp',
  waiting: 3,
  blockedBehind: 2,
  money: [{ currency: 'USD', amount: '12.50' }],
  way: 'recognised',
  held: 0,
  cause: null,
} as const;

test('events behind held ones are told as blocked, apart from those that go out by themselves', () => {
  const [first] = describeDestination(RESTORED);
  expect(first).toMatch(/^erp: 3 events waiting, 2 blocked behind what is held or set aside \(.*12\.50.*\)\. Each may/);
  expect(describeDestination({ ...RESTORED, blockedBehind: 0 })[0]).toMatch(/^erp: 3 events waiting \(/);
  expect(describeDestination({ ...RESTORED, waiting: 0, blockedBehind: 0, money: [] })).toEqual([
    'erp: nothing waits.',
  ]);
  expect(describeDestination({ ...RESTORED, waiting: 0 })[0]).toMatch(/^erp: 0 events waiting, 2 blocked/);
});

test('what is blocked counts among the held ones and among those of stored requests', () => {
  const held = { ...RESTORED, way: 'held', cause: 'maybe-delivered erp restored' } as const;
  expect(describeDestination({ ...held, held: 5 })).toHaveLength(2);
  expect(describeDestination({ ...held, held: 4 }).at(-1)).toMatch(/^ {2}1 were in requests/);
});
