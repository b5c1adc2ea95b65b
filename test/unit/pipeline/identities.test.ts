/** What intake and cures make of numbers that ended by a merge: nothing may go to the account that is no more. */
import { expect, test } from 'vitest';
import { openRotten } from '../../support/damaged-blocks.ts';
import { openIntakeFixture } from '../../support/intake-fixture.ts';
import { admission, charge } from '../../support/messages.ts';

type Fixture = Awaited<ReturnType<typeof openIntakeFixture>>;

const header = (trigger: string, controlId: string): string =>
  `MSH|^~\\&|REG|NORTH|CAUSEWAY|ERP|20260302143000||ADT^${trigger}|${controlId}|P|2.5.1\r` +
  `EVN|${trigger}|20260302142900\r`;

const pid = (patient: string): string => `PID|1||${patient}^^^NORTH^MR||EXAMPLE^IDA|||||||||||||${patient}A\r`;

/** Patient and account of `retired` end in those of `survivor`. */
const merge = (controlId: string, retired: string, survivor: string): string =>
  `${header('A40', controlId)}${pid(survivor)}MRG|${retired}^^^NORTH^MR||${retired}A\r`;

const unlink = (controlId: string, one: string, other: string): string =>
  `${header('A37', controlId)}${pid(one)}PID|2||${other}^^^NORTH^MR\r`;

/** Subject, account and, where it was not the one that was sent, the account as sent. */
const charged = ({ placed }: Fixture): readonly unknown[] =>
  placed.flatMap(({ entry }) => {
    if (!entry.header.kind.startsWith('charge.')) return [];
    const { subject, data } = JSON.parse(entry.body.toString('utf8'));
    return [[subject, data.account.value, data.asSent?.account?.value ?? null]];
  });

const keysOfLast = ({ placed }: Fixture): readonly string[] => {
  const header = placed.at(-1)?.entry.header;
  return [header?.orderingKey ?? '', ...(header?.fenceKeys ?? [])];
};

test('late charges of a chain of merges go to the last account and tell the number as sent', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send(charge({ controlId: 'C1', patient: 'PA' }));
  await fixture.send(merge('M1', 'PA', 'PB'));
  await fixture.send(charge({ controlId: 'C2', patient: 'PA' }));
  await fixture.send(merge('M2', 'PB', 'PC'));
  await fixture.send(charge({ controlId: 'C3', patient: 'PA' }));
  await fixture.send(charge({ controlId: 'C4', patient: 'PC' }));
  expect(charged(fixture)).toEqual([
    ['account:PAA', 'PAA', null],
    ['account:PBA', 'PBA', 'PAA'],
    ['account:PCA', 'PCA', 'PAA'],
    ['account:PCA', 'PCA', null],
  ]);
});

test('messages of one turn, whose merge is not on disk yet, are told of it', async () => {
  const fixture = await openIntakeFixture();
  await Promise.all([fixture.send(merge('M1', 'PA', 'PB')), fixture.send(charge({ controlId: 'C1', patient: 'PA' }))]);
  expect(charged(fixture)).toEqual([['account:PBA', 'PBA', 'PAA']]);
});

test('a merge is remembered over a restart', async () => {
  const first = await openIntakeFixture();
  await first.send(merge('M1', 'PA', 'PB'));
  await first.database.close();
  const second = await openIntakeFixture({ location: first.location });
  await second.send(charge({ controlId: 'C1', patient: 'PA' }));
  expect(charged(second)).toEqual([['account:PBA', 'PBA', 'PAA']]);
});

test('a merge fences numbers as sent and those that stand for them; a late one joins the last', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send(merge('M1', 'PA', 'PB'));
  expect(keysOfLast(fixture)).toEqual(
    expect.arrayContaining(['patient:PB', 'patient:PA', 'account:PAA', 'account:PBA']),
  );
  await fixture.send(merge('M2', 'PX', 'PA'));
  expect(keysOfLast(fixture)[0]).toBe('patient:PB');
  expect(keysOfLast(fixture)).toEqual(
    expect.arrayContaining(['patient:PX', 'patient:PA', 'account:PXA', 'account:PBA']),
  );
  const { data } = JSON.parse(fixture.placed.at(-1)?.entry.body.toString('utf8') ?? '');
  expect(data).toMatchObject({
    survivor: { value: 'PB' },
    survivorAccount: { value: 'PBA' },
    asSent: { survivor: { value: 'PA' }, survivorAccount: { value: 'PAA' } },
  });
});

test('an encounter waits for merges of its patient, and follows them', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send(admission({ controlId: 'A1', patient: 'PA' }));
  expect(keysOfLast(fixture)).toEqual(['encounter:PAV1', 'patient:PA']);
  await fixture.send(merge('M1', 'PA', 'PB'));
  await fixture.send(admission({ controlId: 'A2', patient: 'PA' }));
  expect(keysOfLast(fixture)).toEqual(['encounter:PAV1', 'patient:PB']);
});

test('after an unlink charges go to their own account again, and the unlink waits for both accounts', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send(merge('M1', 'PA', 'PB'));
  await fixture.send(charge({ controlId: 'C1', patient: 'PA' }));
  await fixture.send(unlink('U1', 'PB', 'PA'));
  expect(keysOfLast(fixture)).toEqual(
    expect.arrayContaining(['patient:PA', 'patient:PB', 'account:PAA', 'account:PBA']),
  );
  await fixture.send(charge({ controlId: 'C2', patient: 'PA' }));
  expect(charged(fixture)).toEqual([
    ['account:PBA', 'PBA', 'PAA'],
    ['account:PAA', 'PAA', null],
  ]);
});

test('a visit number as account follows merges of visits, an account of the same number does not', async () => {
  const fixture = await openIntakeFixture();
  const visits = `${header('A50', 'V1')}PID|1||PA^^^NORTH^MR\rMRG|PA^^^NORTH^MR||||7\rPV1|1|I|${'|'.repeat(16)}8\r`;
  await fixture.send(visits);
  const own = charge({ controlId: 'C1', patient: 'PA' }).replace('PAA', '7');
  await fixture.send(own);
  await fixture.send(own.replace('|C1|', '|C2|').replace('||||||||||7\r', '\r').replace('PAV1', '7'));
  expect(charged(fixture)).toEqual([
    ['account:7', '7', null],
    ['account:8', '8', '7'],
  ]);
});

test('a number without system that could be two is held and blocks what it may be', async () => {
  const fixture = await openIntakeFixture();
  const of = (system: string, ...numbers: readonly [string, string, string]): string => {
    const [controlId, retired, survivor] = numbers;
    const text = merge(controlId, retired, survivor).replaceAll('NORTH^MR', `${system}^MR`);
    return text.replace(`${retired}A`, `${retired}A^^^${system}`).replace(`${survivor}A`, `${survivor}A^^^${system}`);
  };
  await fixture.send(of('NORTH', 'M1', 'PA', 'PB'));
  await fixture.send(of('SOUTH', 'M2', 'PA', 'PC'));
  expect(await fixture.send(charge({ controlId: 'C1', patient: 'PA' }))).toMatchObject({ disposition: 'held' });
  const [open] = (await fixture.cases.page(0, { limit: 1, openOnly: true })).cases;
  expect(open?.cause).toBe('merged-identity PID');
  const parked = await fixture.lane.parkedAfter(0, 9);
  expect(parked.flatMap(({ record }) => record.keys).sort()).toEqual(
    expect.arrayContaining(['account:PAA', 'account:PBA', 'account:PCA']),
  );
});

test('a charge that waited for a person keeps its turn before the merge, and the account that it names', async () => {
  const fixture = await openIntakeFixture();
  const wrong = charge({ controlId: 'C1', patient: 'PA' }).replace('|1|125.40|125.40|', '|1|125.45|125.40|');
  await fixture.send(wrong);
  await fixture.send(merge('M1', 'PA', 'PB'));
  await fixture.send(wrong.replace('|C1|', '|C2|'));
  fixture.correctProfile({ amountTolerance: '0.10' });
  const open = (await fixture.cases.page(0, { limit: 9, openOnly: true })).cases;
  for (const { caseId } of open) await fixture.cures.reprocess(caseId, 'ida');
  const entries = await fixture.lane.entriesFrom(1, 9);
  const accounts = entries.map(({ body, header }) => {
    const event = body.length === 0 ? null : JSON.parse(body.toString('utf8'));
    return [header.orderingKey, event?.data.account?.value];
  });
  expect(accounts).toEqual(
    expect.arrayContaining([
      ['account:PAA', 'PAA'],
      ['account:PBA', 'PBA'],
    ]),
  );
  expect(entries[0]?.header.orderingKey).toBe('account:PAA');
});

test('a merge that is rejected or held says nothing; a cure says it as of its own turn', async () => {
  const fixture = await openIntakeFixture();
  const wrong = merge('M1', 'PA', 'PB').replace('EVN|A40|20260302142900', 'EVN|A40|yesterday');
  expect(await fixture.send(wrong)).toMatchObject({ disposition: 'held' });
  await fixture.send(charge({ controlId: 'C1', patient: 'PA' }));
  expect(charged(fixture)).toEqual([['account:PAA', 'PAA', null]]);
  const [open] = (await fixture.cases.page(0, { limit: 1, openOnly: true })).cases;
  const parked = await fixture.lane.parkedAfter(0, 9);
  expect(parked.flatMap(({ record }) => record.keys)).toEqual(
    expect.arrayContaining(['patient:PA', 'patient:PB', 'account:PAA', 'account:PBA']),
  );
  await fixture.cures.discard(open?.caseId ?? '', 'ida', 'no merge');
  await fixture.send(charge({ controlId: 'C2', patient: 'PA' }));
  expect(charged(fixture)[1]).toEqual(['account:PAA', 'PAA', null]);
});

test('messages of one batch see the merges before them, and no merge of a repetition', async () => {
  const fixture = await openIntakeFixture();
  const messages = [merge('M1', 'PA', 'PB'), charge({ controlId: 'C1', patient: 'PA' }), unlink('U1', 'PA', 'PB')];
  const more = [merge('M1', 'PA', 'PB'), charge({ controlId: 'C2', patient: 'PA' })];
  const count = messages.length + more.length;
  await fixture.send(`FHS|^~\\&\rBHS|^~\\&\r${[...messages, ...more].join('')}BTS|${count}\rFTS|1\r`);
  expect(charged(fixture)).toEqual([
    ['account:PBA', 'PBA', 'PAA'],
    ['account:PAA', 'PAA', null],
  ]);
  await fixture.send(charge({ controlId: 'C3', patient: 'PA' }));
  expect(charged(fixture)[2]).toEqual(['account:PAA', 'PAA', null]);
});

test('a message about a number whose record is damaged waits for a person, and the sender goes on', async () => {
  let isDamaged = false;
  const fixture = await openIntakeFixture({ openDisk: openRotten('i!', () => isDamaged) });
  await fixture.send(merge('M1', 'PA', 'PB'));
  isDamaged = true;
  expect(await fixture.send(charge({ controlId: 'C1', patient: 'PA' }))).toMatchObject({ disposition: 'held' });
  expect(await fixture.send(merge('M2', 'PB', 'PC'))).toMatchObject({ disposition: 'accepted' });
  expect(await fixture.send(merge('M3', 'PA', 'PC'))).toMatchObject({ disposition: 'held' });
  expect(charged(fixture)).toEqual([]);
});
