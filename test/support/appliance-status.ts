/** What a running appliance says of itself, and whether its control totals add up. */
import { expect } from 'vitest';
import { unitsOf } from '../../outbox/totals.ts';
import type { DestinationStatus, MoneyTotal, StatusSnapshot } from '../../src/status/snapshot.ts';
import type { Appliance } from './start-appliance.ts';
import { until } from './until.ts';

/** `GET /v1/status`. */
export const statusOf = async ({ statusUrl }: Pick<Appliance, 'statusUrl'>): Promise<StatusSnapshot> =>
  (await (await fetch(`${statusUrl}/v1/status`)).json()) as StatusSnapshot;

/** The only destination of the smallest configuration. */
export async function erpOf(appliance: Pick<Appliance, 'statusUrl'>): Promise<DestinationStatus> {
  const [erp] = (await statusOf(appliance)).destinations;
  if (erp === undefined) throw new Error('the appliance has no destination');
  return erp;
}

/** Waits until the destination's counts are these, and checks that they and the money add up. */
export async function untilErp(
  appliance: Pick<Appliance, 'statusUrl'>,
  wanted: Partial<Pick<DestinationStatus, 'posted' | 'waiting' | 'held' | 'dead' | 'discarded' | 'blockedBehind'>>,
  timeoutMs = 20_000,
): Promise<DestinationStatus> {
  let last: DestinationStatus | undefined;
  const reached = async (): Promise<boolean> => {
    const row = await erpOf(appliance);
    last = row;
    return Object.entries(wanted).every(([name, count]) => row[name as keyof typeof wanted] === count);
  };
  await until(`the destination has ${JSON.stringify(wanted)}`, reached, timeoutMs).catch((cause: unknown) => {
    throw new Error(`${String(cause)}, but ${JSON.stringify(last)}`);
  });
  if (last === undefined) throw new Error('no status was read');
  expectBalanced(last);
  return last;
}

/** enqueued = posted + waiting + blocked + held + dead + discarded, as counts and, per currency, as money. */
export function expectBalanced(row: DestinationStatus): void {
  const { enqueued, posted, waiting, blockedBehind, held, dead, discarded, money } = row;
  for (const count of [enqueued, posted, waiting, blockedBehind, held, dead, discarded])
    expect(count).toBeGreaterThanOrEqual(0);
  expect(posted + waiting + blockedBehind + held + dead + discarded).toBe(enqueued);
  const parts = [money.posted, money.waiting, money.held, money.dead, money.discarded];
  const sums = new Map<string, bigint>();
  for (const { currency, amount } of parts.flat()) sums.set(currency, (sums.get(currency) ?? 0n) + unitsOf(amount));
  for (const { currency, amount } of money.enqueued) {
    expect(sums.get(currency) ?? 0n).toBe(unitsOf(amount));
    sums.delete(currency);
  }
  for (const units of sums.values()) expect(units).toBe(0n);
  if (waiting + blockedBehind === 0) expect(money.waiting).toEqual([]);
  if (held === 0) expect(money.held).toEqual([]);
  if (dead === 0) expect(money.dead).toEqual([]);
}

/** Signed sum of the amounts that events carry, as the status page writes it. */
export function moneyOf(events: readonly { readonly data: Readonly<Record<string, unknown>> }[]): MoneyTotal[] {
  const sums = new Map<string, bigint>();
  for (const { data } of events) {
    const { amount } = data as { amount?: { amount: string; currency: string } };
    if (amount === undefined) continue;
    sums.set(amount.currency, (sums.get(amount.currency) ?? 0n) + unitsOf(amount.amount));
  }
  return [...sums].filter(([, units]) => units !== 0n).map(([currency, units]) => ({ currency, amount: text(units) }));
}

function text(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(5, '0');
  const decimals = digits.slice(-4).replace(/0{1,2}$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -4)}.${decimals}`;
}
