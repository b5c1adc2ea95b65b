/** A sender that changed is told before its charges are wrong: what is new, how often, since when, and nothing else. */
import { expect, test } from 'vitest';
import type { DriftKind } from '../../../src/model/drift.ts';
import { DriftWatch } from '../../../src/profiles/drift.ts';
import { learnedSettings } from '../../../src/profiles/learned-settings.ts';
import { readMessage } from '../../support/map-message.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const LEARNED = {
  senders: ['REG/NORTH'],
  messageTypes: ['DFT^P03', 'ADT^A01'],
  versions: ['2.5.1'],
  charsets: [''],
  zSegments: ['ZFT'],
  transactionTypes: ['CG', 'CD'],
  present: { 'DFT^P03': ['PV1-19', 'FT1-13'] },
};

interface Facts {
  readonly sender?: string;
  readonly type?: string;
  readonly version?: string;
  readonly charset?: string;
  readonly visit?: string;
  readonly lines?: readonly string[];
}

const message = ({
  sender = 'REG|NORTH',
  type = 'DFT^P03',
  version = '2.5.1',
  charset = '',
  visit = 'V1',
  lines,
}: Facts) =>
  readMessage(
    Buffer.from(
      [
        `MSH|^~\\&|${sender}|CAUSEWAY|ERP|20260302143000||${type}|C1|P|${version}||||||${charset}`,
        'PID|1||SECRET1',
        `PV1|1|I|||||||||||||||||${visit}`,
        ...(lines ?? ['FT1|1|T1||20260302||CG|71020||||10.00||CC1']),
      ].join('\r'),
    ),
  );

function watching(learned: object = LEARNED) {
  const clock = new ManualClock(1_000);
  const counted: DriftKind[] = [];
  const watch = new DriftWatch(learnedSettings.parse(learned), clock, (kind) => counted.push(kind));
  const told = () => watch.findings().map(({ kind, what, count }) => `${kind} ${what} ${count}`);
  return { watch, clock, counted, told };
}

test('messages like those that were learned say nothing', () => {
  const { watch, told, counted } = watching();
  watch.observe(message({}));
  watch.observe(message({ type: 'ADT^A01', lines: ['ZFT|1'] }));
  expect([told(), counted]).toEqual([[], []]);
});

test.each([
  ['a new sender', { sender: 'LAB|SOUTH' }, 'sender LAB/SOUTH 1'],
  ['a new message type', { type: 'ADT^A08' }, 'message-type ADT^A08 1'],
  ['a new version', { version: '2.3' }, 'version 2.3 1'],
  ['another character set', { charset: '8859/1' }, 'charset 8859/1 1'],
  ['a new Z-segment', { lines: ['ZPM|1'] }, 'z-segment ZPM 1'],
  ['a new transaction type', { lines: ['FT1|1|||||PY|||||1.00||CC1'] }, 'transaction-type PY 1'],
  ['an empty one', { lines: ['FT1|1||||||||||1.00||CC1'] }, 'transaction-type  1'],
])('%s is told and counted', (_what, facts, expected) => {
  const { watch, told, counted } = watching();
  watch.observe(message(facts));
  expect(told()).toEqual([expected]);
  expect(counted).toEqual([expected.split(' ')[0]]);
});

test('what was not learned is not compared; an empty list allows none', () => {
  const none = watching({});
  none.watch.observe(message({ sender: 'X|Y', type: 'ZZZ^Z01', lines: ['ZPM|1'] }));
  expect(none.told()).toEqual([]);
  const empty = watching({ zSegments: [] });
  empty.watch.observe(message({ lines: ['ZPM|1', 'ZPM|2'] }));
  expect(empty.told()).toEqual(['z-segment ZPM 2']);
});

test('first and last time, the most frequent first', () => {
  const { watch, clock } = watching();
  watch.observe(message({ sender: 'A|B' }));
  clock.advance(5_000);
  for (let count = 0; count < 3; count += 1) watch.observe(message({ version: '2.3' }));
  clock.advance(5_000);
  watch.observe(message({ sender: 'A|B' }));
  const [version, sender] = watch.findings();
  expect(version).toMatchObject({ kind: 'version', count: 3 });
  expect(sender).toMatchObject({ kind: 'sender', count: 2 });
  expect((sender?.lastAtMs ?? 0) - (sender?.firstAtMs ?? 0)).toBe(10_000);
});

test('a field that is missing now and then says nothing; often missing it is told, filled again it is not', () => {
  const { watch, told, counted } = watching();
  const send = (count: number, visit: string) => {
    for (let sent = 0; sent < count; sent += 1) watch.observe(message({ visit }));
  };
  send(100, 'V1');
  send(4, '');
  expect([told(), counted]).toEqual([[], []]);
  send(10, '');
  expect(told()).toEqual(['missing-field PV1-19 in DFT^P03 14']);
  expect(counted.length).toBe(9);
  send(2_000, 'V1');
  expect(told()).toEqual([]);
});

test('one of several lines without the field is a message without it', () => {
  const { watch, told } = watching();
  const lines = ['FT1|1|||||CG|||||1.00||CC1', 'FT1|2|||||CG|||||1.00'];
  for (let sent = 0; sent < 25; sent += 1) watch.observe(message({ lines }));
  expect(told()).toEqual(['missing-field FT1-13 in DFT^P03 25']);
});

test('labels are short and plain, and there is an end to them', () => {
  const { watch, told } = watching();
  watch.observe(message({ sender: `\u001b[31m${'x'.repeat(500)}|<script>` }));
  expect(told()[0]).toMatch(/^sender \?\?31mx{54,56} 1$/);
  for (let number = 0; number < 500; number += 1) watch.observe(message({ sender: `S${number}|X` }));
  expect(told()).toHaveLength(50);
  expect(JSON.stringify(watch.findings())).not.toContain('SECRET');
});
