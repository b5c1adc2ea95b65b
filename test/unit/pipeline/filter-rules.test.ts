/** What a site does not need is kept, counted and told of, by a rule that says why: nothing is dropped in silence. */
import { expect, test } from 'vitest';
import { policySettings } from '../../../src/pipeline/settings.ts';
import { openIntakeFixture, replyText } from '../../support/intake-fixture.ts';
import { admission } from '../../support/messages.ts';

const typed = (type: string): string => admission({ controlId: 'C1' }).replace('ADT^A01^ADT_A01', type);

const filter = [
  { messageType: 'ORU^R01', reason: 'results are billed by DFT' },
  { messageType: 'MDM^*', reason: 'documents stay in the archive' },
];

test.each([
  ['ORU^R01', 'results are billed by DFT'],
  ['MDM^T02', 'documents stay in the archive'],
])('%s is answered AA with the reason, kept without event or case, and counted', async (type, reason) => {
  const fixture = await openIntakeFixture({ policy: { filter } });
  const result = await fixture.send(typed(type));
  expect(result).toMatchObject({ disposition: 'filtered', ackCode: 'AA' });
  expect(replyText(result)).toContain(reason);
  expect(fixture.frames.get(1)?.frame.toString('latin1')).toBe(typed(type));
  expect(fixture.frames.get(1)?.header).toMatchObject({ disposition: 'filtered', flags: ['filtered-by-rule'] });
  expect(fixture.totals.channel('clinical' as never).filtered).toBe(1);
  expect(fixture.totals.openCases).toBe(0);
  expect(fixture.lane.tail).toBe(0);
});

test('what no rule names goes its way: mapped, or a case', async () => {
  const fixture = await openIntakeFixture({ policy: { filter } });
  expect(await fixture.send(typed('ADT^A01'))).toMatchObject({ disposition: 'accepted' });
  expect(await fixture.send(typed('ORU^R30').replace('C1', 'C2'))).toMatchObject({ disposition: 'held' });
});

test.each(['ORU', 'ORU^R01', 'ORU^*'])('the rule for %s is taken', (messageType) => {
  expect(policySettings.safeParse({ filter: [{ messageType, reason: 'x' }] }).success).toBe(true);
});

test.each(['*', 'O*', 'oru^r01', 'ORU^R*', 'ORU_R01', 'ORU^R01^ORU_R01'])(
  'the rule for %s is refused',
  (messageType) => {
    expect(policySettings.safeParse({ filter: [{ messageType, reason: 'x' }] }).success).toBe(false);
  },
);

test('a rule without a reason is refused', () => {
  expect(policySettings.safeParse({ filter: [{ messageType: 'ORU^R01' }] }).success).toBe(false);
});
