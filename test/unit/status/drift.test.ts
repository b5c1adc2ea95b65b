/** What a person reads when a sender changed. */
import { expect, test } from 'vitest';
import type { DriftFinding, DriftKind } from '../../../src/model/drift.ts';
import type { ChannelStatus } from '../../../src/status/snapshot.ts';
import { verdictOf } from '../../../src/status/verdict.ts';
import {
  FAKE_NOW_MS,
  FAKE_STORE,
  FAKE_TIMEZONE,
  fakeChannel,
  fakeDestination,
  FAKE_MEMORY,
  fakeDisk,
} from '../../support/fake-operations.ts';

const verdict = ({ channels }: { readonly channels: readonly ChannelStatus[] }) =>
  verdictOf({
    ...{ nowMs: FAKE_NOW_MS, timezone: FAKE_TIMEZONE, store: FAKE_STORE, disk: fakeDisk(), memory: FAKE_MEMORY },
    ...{ destinations: [fakeDestination()], openCases: 0, certificates: [], channels },
  });

test('messages that differ from the learned profile are told on the channel and in the verdict, as attention', () => {
  const one = (kind: DriftKind, what: string, count: number): DriftFinding => {
    return { kind, what, count, firstAtMs: FAKE_NOW_MS, lastAtMs: FAKE_NOW_MS };
  };
  const drift = [one('sender', 'LAB/NORTH', 1_204), one('missing-field', 'PV1-19 in DFT^P03', 31)];
  const many = [...drift, one('charset', '', 2), one('z-segment', 'ZFT', 1)];
  const text = 'new sender LAB/NORTH (1,204), often without PV1-19 in DFT^P03 (31)';
  expect(fakeChannel({ drift })).toMatchObject({
    state: 'needs-attention',
    text: `Messages differ from the learned profile: ${text}.`,
  });
  expect(fakeChannel({ drift: many }).text).toContain(`${text}, new character set (empty) (2) and 1 more.`);
  expect(verdict({ channels: [fakeChannel({ drift })] })).toEqual({
    state: 'needs-attention',
    text:
      `Messages on clinical differ from the learned profile: ${text}. ` +
      'Ask the sender, or learn the profile anew. Everything flows.',
  });
  const two = [fakeChannel({ drift }), fakeChannel({ id: 'lab', drift })];
  expect(verdict({ channels: two }).text).toMatch(/^Messages on clinical, lab differ from the learned profile\. Ask/);
});
