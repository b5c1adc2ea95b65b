import { describe, expect, test } from 'vitest';
import type { DiskStatus } from '../../../src/model/disk.ts';
import type { StatusSnapshot } from '../../../src/status/snapshot.ts';
import { fakeChannel, fakeDisk, fakeSnapshot } from '../../support/fake-operations.ts';

const verdict = (changes: Partial<StatusSnapshot> = {}) => fakeSnapshot(changes).verdict;

describe('the disk', () => {
  const GIB = 1_073_741_824;
  test.each<[string, Partial<DiskStatus>, string, string]>([
    [
      'warn, with the forecast',
      { state: 'warn', freeBytes: 1.6 * GIB, hoursToFull: 5.4 },
      'needs-attention',
      'The disk fills: 1.6 GiB free, full in about 5 h at this rate. Everything flows.',
    ],
    [
      'refusing',
      { state: 'refusing', freeBytes: 0.25 * GIB },
      'blocked',
      'The disk is nearly full (256 MiB free); messages are answered AE until space is freed. ' +
        'What was accepted before is safe and is delivered.',
    ],
    [
      'paused, for want of inodes',
      { state: 'paused', freeBytes: GIB, freeInodes: 12 },
      'blocked',
      'The disk is full (1 GiB free, 12 inodes free); senders are not read until space is freed. ' +
        'What was accepted before is safe and is delivered.',
    ],
    [
      'read-only',
      { state: 'read-only' },
      'blocked',
      'The disk takes no writes; messages are answered AE until it does. ' +
        'What was accepted before is safe and is delivered.',
    ],
  ])('%s', (_name, changes, state, text) => {
    expect(verdict({ disk: fakeDisk(changes) })).toEqual({ state, text });
  });

  test('is said once, not again by every channel', () => {
    const blocked = { ...fakeChannel(), state: 'blocked' as const };
    const { text } = verdict({ disk: fakeDisk({ state: 'paused' }), channels: [blocked] });
    expect(text).not.toContain('cannot take messages');
  });
});

test('short memory is an alarm for a person, not a stop', () => {
  const memory = { heapBytes: 200 * 1_048_576, externalBytes: 250 * 1_048_576, isShort: true };
  expect(verdict({ memory })).toEqual({
    state: 'needs-attention',
    text: 'Memory is short (450 MiB held). Look for very large messages or very many senders. Everything flows.',
  });
});
