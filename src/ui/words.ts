/** Words and short forms of the page; sentences come ready from the appliance. */
import type { FlowState, MoneyTotal } from '../status/snapshot.ts';

/** Glossary words of the states. */
export const STATE_WORDS: Readonly<Record<FlowState, string>> = {
  blocked: 'Blocked',
  behind: 'Behind',
  'needs-attention': 'Needs attention',
  silent: 'Silent',
  flowing: 'Flowing',
};

/** `1,204` */
export const countText = (count: number): string => count.toLocaleString('en-US');

/** An age for a table: `now`, `12 s`, `4 min`, `3 h 12 min`, `5 d`. */
export function shortAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1_000));
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) {
    const minutes = Math.floor((seconds % 3_600) / 60);
    return `${Math.floor(seconds / 3_600)} h${minutes === 0 ? '' : ` ${minutes} min`}`;
  }
  return `${Math.floor(seconds / 86_400)} d`;
}

/** `1,204.50`: grouped text of an exact decimal, never a number. */
export function amountText(amount: string): string {
  const [whole = '0', fraction] = amount.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** `1,204.50 USD` */
export const moneyText = ({ amount, currency }: MoneyTotal): string => `${amountText(amount)} ${currency}`;

/** Totals that are not zero, joined; null when nothing is left. */
export function moneyTexts(totals: readonly MoneyTotal[]): string | null {
  const some = totals.filter(({ amount }) => /[1-9]/.test(amount));
  return some.length === 0 ? null : some.map(moneyText).join(' · ');
}

/** `870 MiB`, `3.4 GiB`: never rounded up. */
export function bytesText(bytes: number): string {
  const unit = bytes < 1_073_741_824 ? { of: 1_048_576, name: 'MiB' } : { of: 1_073_741_824, name: 'GiB' };
  const value = bytes / unit.of;
  return `${countText(value < 10 ? Math.floor(value * 10) / 10 : Math.floor(value))} ${unit.name}`;
}

/** `under 1 h`, `about 5 h`, `about 9 days` */
export const hoursText = (hours: number): string => {
  if (hours < 1) return 'under 1 h';
  return hours < 48 ? `about ${Math.floor(hours)} h` : `about ${Math.floor(hours / 24)} days`;
};
