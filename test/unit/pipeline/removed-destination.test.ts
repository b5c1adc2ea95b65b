/** What waits for a destination that is not configured any more can still be ended, and a person is told what to do. */
import { expect, test } from 'vitest';
import { CausewayError } from '../../../src/model/errors.ts';
import { Ledger } from '../../../src/pipeline/ledger.ts';
import { Cures } from '../../../src/pipeline/reprocess.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { CLINICAL, ERP, openIntakeFixture } from '../../support/intake-fixture.ts';
import { charge } from '../../support/messages.ts';

/** A held message, and the cures of an appliance whose configuration names its destination no more. */
async function heldForNobody() {
  const fixture = await openIntakeFixture();
  await fixture.send(charge({ controlId: 'HELD' }).replace('|1|125.40|125.40|', '|1|125.40|125.90|'));
  const { database, totals, frames, cases, identities, channel, facility } = fixture;
  const stores = { frames, cases, identities, totals, lanes: new Map() };
  const ledger = new Ledger({ facilityId: facility.id, epoch: 1, ...stores });
  const channels = new Map([[CLINICAL, channel]]);
  const cures = new Cures({ database, ledger, channels, facility, clock: systemClock, onCured() {} });
  const [open] = (await cases.page(0, { limit: 1, openOnly: true })).cases;
  return { ...fixture, without: cures, caseId: open?.caseId ?? '' };
}

test('a case of a destination that was removed can be discarded, and the totals still reconcile', async () => {
  const { without, caseId, cases, lane, totals } = await heldForNobody();
  expect(lane.parked(1)).toMatchObject({ state: 'held' });
  expect(await without.discard(caseId, 'ida', 'the ERP is gone')).toMatchObject({ state: 'discarded' });
  expect((await cases.page(0, { limit: 9, openOnly: true })).cases).toEqual([]);
  expect(lane.parked(1)).toBeNull();
  expect(totals.destination(ERP).counts).toMatchObject({ enqueued: 1, held: 0, discarded: 1 });
});

test('reprocessing it says that the destination is missing and what helps, and the case stays open', async () => {
  const { without, cures, caseId, cases, correctProfile } = await heldForNobody();
  correctProfile({ amountTolerance: '1' });
  const error: unknown = await without.reprocess(caseId, 'ida').catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(CausewayError);
  expect(error).toMatchObject({ code: 'DESTINATION_REMOVED', hint: expect.stringContaining('discard') as string });
  expect(cases.get(caseId)?.state).toBe('open');
  expect(await cures.reprocess(caseId, 'ida')).toMatchObject({ state: 'reprocessed' });
});
