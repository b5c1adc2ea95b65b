/** Messages beside the charges that would book the wrong thing, on the wrong account, or at the wrong time. */
import { expect, test } from 'vitest';
import { eventsOf, mapLines } from '../../support/map-message.ts';
import { EVN, mshAdt, PID, PV1 } from '../../support/sample-lines.ts';

const header = (type: string): string => mshAdt('A01').replace('ADT^A01', type);

const flow = (type: string, ...lines: readonly string[]): readonly string[] => [header(type), EVN, PID, PV1, ...lines];

test.each([
  ['an order', flow('ORM^O01', 'ORC|ZZ|P1', 'OBR|1|P1||80053'), 'order:P1'],
  ['a result', flow('ORU^R01', 'OBR|1|P1||80053|||||||||||||||||||||Y'), 'order:P1'],
  ['a dispensed drug', flow('RDS^O13', 'ORC|RE|P1', 'RXD|1|D1||1|EA'), 'order:P1'],
  ['a code', flow('BAR^P12'), 'encounter:V7001'],
])('%s that is held does not hold the charges of its account back', (_title, lines, key) => {
  expect(mapLines(lines)).toMatchObject([{ ok: false, orderingKeys: [key] }]);
});

test('the guarantor of one visit is not that of the next; one before all visits is that of each', () => {
  const guarantors = (lines: readonly string[]) =>
    eventsOf(mapLines(lines)).map(({ data }) => ('guarantorRef' in data ? data.guarantorRef?.value : undefined));
  const [msh = '', evn = '', pid = '', pv1 = ''] = flow('BAR^P01');
  const second = PV1.replace('V7001', 'V7002');
  expect(guarantors([msh, evn, pid, pv1, 'GT1|1|G1', second])).toEqual(['G1', undefined]);
  expect(guarantors([msh, evn, pid, 'GT1|1|G1', pv1, second])).toEqual(['G1', 'G1']);
});

test('insurance that stands before all visits is that of each', () => {
  const [msh = '', evn = '', pid = '', pv1 = ''] = flow('BAR^P01');
  const lines = [msh, evn, pid, 'IN1|1|PPO|C1', pv1, PV1.replace('V7001', 'V7002'), 'IN1|1|HMO|C2'];
  const plans = eventsOf(mapLines(lines)).map(({ data }) => ('payers' in data ? data.payers?.[0]?.plan?.code : null));
  expect(plans).toEqual(['PPO', 'HMO']);
});

const deleted = '|||||||||||||||D';

test('a procedure that PR1-20 deletes is no coded procedure', () => {
  const lines = flow('BAR^P12', `PR1|1||93458||20260302${deleted}`, 'PR1|2||47562||20260302');
  expect(eventsOf(mapLines(lines, { includeCoding: true }))[0]?.data).toMatchObject({
    procedures: [{ code: { code: '47562' } }],
    removedProcedures: [{ code: { code: '93458' } }],
  });
});

const locations = (...lines: readonly string[]) => mapLines([header('MFN^M05'), 'MFI|LOC||UPD|||AL', ...lines]);

test('a location or department that ends does not end its cost centre, where others book, too', () => {
  const ended = ['MFE|MDL|1||W1^1^A|PL', 'LOC|W1^1^A|WARD 1', 'LDP||MED||||A||||||CC1'];
  const shared = ['MFE|MUP|2||W2|PL', 'LOC|W2|WARD 2', 'LDP||MED||||I||||||CC2', 'LDP||SUR||||A||||||CC2'];
  const gone = ['MFE|MUP|3||W3|PL', 'LOC|W3|WARD 3', 'LDP||MED||||I||||||CC3'];
  const events = eventsOf(locations(...ended, ...shared, ...gone));
  expect(events.map(({ orderingKey, data }) => [orderingKey, 'active' in data && data.active])).toEqual([
    ['department:W1^1^A', false],
    ['department:W2', true],
    ['costcenter:CC2', true],
    ['department:W3', true],
  ]);
  expect(events[2]?.data).toMatchObject({ department: { code: 'SUR' } });
});

test('a bed is not its ward, whether MFE-5 says what MFE-4 is or not', () => {
  expect(locations('MFE|MDC|1||W1^136^B', 'LOC|W1^136^B|BED')).toMatchObject([
    { event: { orderingKey: 'department:W1^136^B' } },
  ]);
  expect(locations('MFE|MUP|1||W1^WARD^L', 'LOC|W1|WARD')).toMatchObject([{ event: { orderingKey: 'department:W1' } }]);
  expect(locations('MFE|MDC|1||W1')).toMatchObject([{ event: { orderingKey: 'department:W1' } }]);
  expect(locations('MFE|MDC|1||W1^136^B')).toMatchObject([{ ok: false, problems: [{ path: 'MFE[1]-5' }] }]);
});

test.each(['', 'PL'])('a LOC of another bed than the key changes neither (MFE-5 "%s")', (type) => {
  const record = [`MFE|MDC|1||W1^136^B|${type}`, 'LOC|W1^137^B|BED'];
  expect(locations(...record)).toMatchObject([{ ok: false, problems: [{ code: 'out-of-range', path: 'LOC-1' }] }]);
});

const person = 'STF|K1|E1|HALE^ROWAN||||A|||||20100101|20260331';

test.each([
  ['B01', '2010-01-01'],
  ['B02', '2026-03-02T14:29:00-06:00'],
  ['B03', '2026-03-31'],
  ['B04', '2010-01-01'],
  ['B05', '2026-03-31'],
  ['B06', '2026-03-31'],
  ['B07', '2026-03-02T14:29:00-06:00'],
  ['B08', '2026-03-02T14:29:00-06:00'],
])('PMU^%s takes effect on %s, for employee and provider', (trigger, effective) => {
  const events = eventsOf(mapLines([header(`PMU^${trigger}`), EVN, person, 'PRA|K1']));
  expect(events.length).toBe(trigger === 'B07' || trigger === 'B08' ? 1 : 2);
  for (const event of events) expect(event.effectiveTime).toBe(effective);
  expect(events[0]?.data).toMatchObject({ effectiveDate: effective, activeFrom: '2010-01-01' });
});

test.each([
  ['MAD', '2010-01-01'],
  ['MUP', null],
  ['MDC', '2026-03-31'],
])('a provider record %s without a date of its own takes effect on %s', (action, effective) => {
  const lines = [header('MFN^M02'), 'MFI|STF||UPD|||AL', `MFE|${action}|1||K1|CE`, person];
  expect(eventsOf(mapLines(lines))[0]).toMatchObject({ kind: 'provider.changed', effectiveTime: effective });
});

test.each([
  ['PMU^B01', 'active'],
  ['PMU^B02', 'unchanged'],
  ['PMU^B04', 'active'],
  ['PMU^B06', 'inactive'],
  ['MFN^M02', 'unchanged'],
])('%s without STF-7 makes nobody active who has left', (type, status) => {
  const record = ['MFI|STF||UPD|||AL', 'MFE|MUP|1||K1|CE'];
  const lines = [header(type), EVN, ...(type === 'MFN^M02' ? record : []), person.replace('|A|', '||'), 'PRA|K1'];
  for (const { data } of eventsOf(mapLines(lines))) expect(data).toMatchObject({ status });
});

const records = (trigger: string, ...lines: readonly string[]) =>
  mapLines([header(`MFN^${trigger}`), 'MFI|X||UPD|||AL', 'MFE|MUP|1||K1|CE', ...lines]);

test('what stands behind the wrong MFE changes nothing', () => {
  const wrong = [
    records('M15', 'IIM|K1||L1', 'IIM|K2||L2'),
    records('M04', 'CDM|K1||A', 'PRC|K2||||10.00'),
    records('M04', 'CDM|K1||A', 'CDM|K2||B'),
    records('M16', 'ITM|K1|A', 'ITM|K1|B'),
  ];
  expect(wrong.map(([outcome]) => (outcome?.ok === false ? outcome.problems.map(({ path }) => path) : []))).toEqual([
    ['IIM[2]-1'],
    ['PRC[1]-1'],
    ['MFE[1].CDM[2]'],
    ['MFE[1].ITM[2]'],
  ]);
  expect(records('M15', 'IIM|K1||L1', 'IIM|K1||L2')).toMatchObject([{ event: { data: { lots: [{}, {}] } } }]);
});

test('an item that ITM-3 calls inactive is not in force', () => {
  expect(records('M16', 'ITM|K1|GLOVES|I')).toMatchObject([{ event: { data: { active: false } } }]);
  expect(records('M16', 'ITM|K1|GLOVES|P')).toMatchObject([{ event: { data: { active: true } } }]);
});

test('what knows only the second number of a requisition or claim stays behind what knows both', () => {
  const requisition = flow('OMS^O05', 'ORC|NW|R1|S1', 'RQD|1|I1|||5|BX');
  const result = [header('EHC^E10'), 'IPR|C1|||ACC', 'IVC|N1'];
  expect(eventsOf(mapLines(requisition))).toMatchObject([
    { orderingKey: 'requisition:R1', fenceKeys: ['requisition:S1'] },
  ]);
  expect(eventsOf(mapLines(result))).toMatchObject([{ orderingKey: 'invoice:N1', fenceKeys: ['invoice:C1'] }]);
});

const usage = (quantity: string, status: string): readonly string[] =>
  flow('CSU^C12', 'CSR|CASE1', 'CSS|OR|20260302110000', `OBX|1|CE|ITEM||IT77^L^S^${quantity}^EA||||||${status}`);

test.each([
  ['2', 'F', 'supply.used'],
  ['-2', 'F', 'supply.returned'],
  ['2', 'D', 'supply.returned'],
  ['2', 'W', 'supply.returned'],
  ['-2', 'D', 'supply.used'],
])('a quantity of %s with status %s (OBX-11) is %s', (quantity, status, kind) => {
  expect(eventsOf(mapLines(usage(quantity, status)))).toMatchObject([{ kind, data: { quantity: { value: '2' } } }]);
});

test.each(['X', 'N'])('a supply of which nothing is known (OBX-11 %s) is held', (status) => {
  expect(mapLines(usage('2', status))).toMatchObject([{ ok: false, problems: [{ path: 'OBX[1]-11' }] }]);
});

test('a second case in one message is not booked on the first', () => {
  const lines = [...usage('2', 'F'), 'CSR|CASE2', 'OBX|2|CE|ITEM||IT78^L^S^1^EA'];
  for (const outcome of mapLines(lines)) expect(outcome).toMatchObject({ ok: false, problems: [{ path: 'CSR[2]' }] });
});

test('a requisition for a second patient is not booked on the first', () => {
  const lines = flow('OMS^O05', 'ORC|NW|R1', 'RQD|1|I1|||5|BX', 'PID|2||MRN2', 'ORC|NW|R2', 'RQD|1|I2|||1|BX');
  for (const outcome of mapLines(lines)) expect(outcome).toMatchObject({ ok: false, problems: [{ path: 'PID[2]' }] });
});

test.each([
  ['BX^BOX^L', 'BX'],
  ['^BOX', 'BOX'],
  ['^^^BX^BOX^L', 'BX'],
  ['^BOX OF TEN^^BX', 'BX'],
])('the unit %s is not lost', (unit, expected) => {
  const [event] = eventsOf(mapLines(flow('OMS^O05', 'ORC|NW|R1', `RQD|1|I1|||5|${unit}`)));
  expect(event?.data).toMatchObject({ lines: [{ quantity: { value: '5', unit: expected } }] });
});

const appointment = (status: string): string => `SCH|1^OE|2^SCHED|||||||||^^^20260310080000${'|'.repeat(14)}${status}`;

test('an appointment that SCH-25 cancels in words alone is cancelled', () => {
  expect(eventsOf(mapLines(flow('SIU^S14', appointment('^Cancelled'))))[0]?.kind).toBe('schedule.cancelled');
});

test('a second appointment in one message is not lost behind the first', () => {
  const outcomes = mapLines(flow('SIU^S12', appointment('Booked'), 'SCH|3^OE|4^SCHED'));
  expect(outcomes).toMatchObject([{ ok: false, problems: [{ path: 'SCH[2]' }] }]);
});

test('submitted, assessed again and cancelled, an invoice adds nothing to what is asked for', () => {
  const invoice = 'IVC|N1|||OR|NORM|FIN|20260301|100.00||HOSPITAL^^1';
  const amounts = ['E01', 'E04', 'E02'].map(
    (trigger) => eventsOf(mapLines([header(`EHC^${trigger}`), invoice]))[0]?.money?.amount,
  );
  expect(amounts).toEqual(['100.00', undefined, '-100.00']);
});

test('how often and on whose account is asked of each detail under one ORC', () => {
  const orders = (...lines: readonly string[]) =>
    eventsOf(mapLines(flow('OMG^O19', 'ORC|NW|P1', ...lines))).map(({ data }) => [
      'quantity' in data ? data.quantity?.value : undefined,
      'account' in data ? data.account?.value : undefined,
    ]);
  const [one, two] = ['OBR|1|P1||80053', 'OBR|2|P2||80061'];
  // Behind the first detail: its own.
  expect(orders(one, 'TQ1|1|2^EA', 'BLG|D|CH|ACC9', two)).toEqual([
    ['2', 'ACC9'],
    [undefined, 'ACC5001'],
  ]);
  // Before the first detail, and BLG behind the last one: of the whole order.
  expect(orders('TQ1|1|2^EA', one, two, 'BLG|D|CH|ACC9')).toEqual([
    ['2', 'ACC9'],
    ['2', 'ACC9'],
  ]);
});
