/** The record of an open case is damaged: without it made again, what waits with it would wait for ever. */
import { expect, test } from 'vitest';
import { caseKey } from '../../../outbox/keys.ts';
import type { Disk } from '../../../src/platform/disk.ts';
import { remakeLostCases } from '../../../src/pipeline/lost-cases.ts';
import { Ledger } from '../../../src/pipeline/ledger.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { CLINICAL, ERP, openIntakeFixture } from '../../support/intake-fixture.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { dft, ft1 } from '../../support/sample-lines.ts';

type Fixture = Awaited<ReturnType<typeof openIntakeFixture>>;

const remake = (fixture: Fixture, signal = new AbortController().signal): Promise<number> => {
  const { frames, cases, identities, totals, lane, facility, channel, database } = fixture;
  const lanes = new Map([[ERP, lane]]);
  const ledger = new Ledger({ facilityId: facility.id, epoch: 1, frames, cases, identities, totals, lanes });
  const judging = { ledger, channels: new Map([[CLINICAL, channel]]), facility };
  const clock = new ManualClock();
  return remakeLostCases({ ...judging, database, lanes: lanes.values(), clock, log: silentLog, signal });
};

async function damage({ database }: Fixture, sequence: number): Promise<void> {
  const disk = database.sealed as unknown as Disk;
  const value = Buffer.from(disk.getSync(caseKey(sequence)) ?? []);
  value.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1);
  await disk.batch([{ type: 'put', key: caseKey(sequence), value }], { sync: true });
}

const wrongLine = (): string =>
  dft(ft1({ id: 'T0', quantity: '1', unit: '1.00', extended: '1.00' }), ft1({ id: 'T1', extended: 'much' })).join('\r');

test.each([
  [
    'a message without a mapping, which has no place in the outbox',
    'MSH|^~\\&|A|B|C|D|20260101||MDM^T02|M1|P|2.5\rPID|1',
  ],
  ['a message of which one line is held in its place', wrongLine()],
])('the case of %s is as it was', async (_name, message) => {
  const fixture = await openIntakeFixture();
  expect((await fixture.send(message)).disposition).toBe('held');
  const before = fixture.cases.get('x0000000000000001');
  await damage(fixture, 1);
  expect(() => fixture.cases.get('x0000000000000001')).toThrow();
  // Until then, and of a closed case for good, a list names it and goes on.
  for (const openOnly of [true, false]) {
    const { cases, damaged } = await fixture.cases.page(0, { limit: 9, openOnly });
    expect([cases, damaged]).toMatchObject([[], [{ sequence: 1 }]]);
  }
  expect(await remake(fixture)).toBe(1);
  expect(fixture.cases.get('x0000000000000001')).toEqual(before);
  expect(fixture.totals.openCases).toBe(1);
  expect(await remake(fixture)).toBe(0);
});

test('a stop while its message is looked for waits for nothing and makes no case without it', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send('MSH|^~\\&|A|B|C|D|20260101||MDM^T02|M1|P|2.5\rPID|1');
  await damage(fixture, 1);
  expect(await remake(fixture, AbortSignal.abort())).toBe(0);
  expect(() => fixture.cases.get('x0000000000000001')).toThrow();
  // Until then, and of a closed case for good, a list names it and goes on.
  for (const openOnly of [true, false]) {
    const { cases, damaged } = await fixture.cases.page(0, { limit: 9, openOnly });
    expect([cases, damaged]).toMatchObject([[], [{ sequence: 1 }]]);
  }
  expect(await remake(fixture)).toBe(1);
});
