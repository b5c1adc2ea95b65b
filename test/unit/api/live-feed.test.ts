import { expect, test } from 'vitest';
import { LiveFeed, RING_MAX } from '../../../src/api/live-feed.ts';

test('numbers changes without a hole and is silent when nothing changed', () => {
  const feed = new LiveFeed('status', 'e1');
  expect(feed.snapshot()).toBeNull();
  expect(feed.update({ n: 1 }, 10).kind).toBe('whole');
  expect(feed.update({ n: 1 }, 20)).toEqual({ kind: 'none' });
  expect(feed.update({ n: 2 }, 30)).toEqual({
    kind: 'delta',
    delta: { t: 'd', topic: 'status', seq: 2, nowMs: 30, patch: { n: 2 } },
  });
  expect(feed.snapshot()).toEqual({ t: 'snap', topic: 'status', epoch: 'e1', seq: 2, nowMs: 30, data: { n: 2 } });
});

test('resumes inside the ring only', () => {
  const feed = new LiveFeed('status', 'e1');
  for (let n = 1; n <= RING_MAX + 51; n += 1) feed.update({ n }, n);
  expect(feed.since({ epoch: 'e1', seq: feed.seq })).toEqual([]);
  expect(feed.since({ epoch: 'e1', seq: feed.seq - 2 })?.map(({ seq }) => seq)).toEqual([250, 251]);
  expect(feed.since({ epoch: 'e1', seq: feed.seq - RING_MAX })).toHaveLength(RING_MAX);
  expect(feed.since({ epoch: 'e1', seq: feed.seq - RING_MAX - 1 })).toBeNull();
  expect(feed.since({ epoch: 'e0', seq: feed.seq })).toBeNull();
  expect(feed.since({ epoch: 'e1', seq: feed.seq + 1 })).toBeNull();
});

test('a change of shape cannot be resumed over', () => {
  const feed = new LiveFeed('status', 'e1');
  feed.update({ n: 1 }, 1);
  feed.update({ n: 2 }, 2);
  expect(feed.update({ n: 2, more: true }, 3)).toEqual({ kind: 'whole' });
  expect(feed.since({ epoch: 'e1', seq: 2 })).toBeNull();
});
