/** What happens in one run: derived from the seed alone, and printed when the run finds a violation. */
import { Chance } from './chance.ts';
import type { DiskFault } from './fake-disk.ts';

/** How the ERP answers; `mixed` draws one of the others for each request. */
export const ERP_MODES = [
  'ok',
  'refused-connection',
  'drop-before',
  'drop-after',
  'error',
  'error-after',
  'half',
  'throttled',
  'unavailable',
  'html',
  'failure-in-200',
  'garbage-after',
  'hang',
  'hang-after',
  'late',
  'sign-in',
  'not-found',
] as const;
export type ErpMode = (typeof ERP_MODES)[number];

/** One thing that the simulation does at a time. */
export type Act =
  | { readonly kind: 'erp'; readonly mode: ErpMode | 'mixed' }
  | { readonly kind: 'kill' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'power-cut'; readonly kept: number }
  | { readonly kind: 'disk'; readonly fault: DiskFault }
  /** Of a waiting entry or the record beside it; `which`: a share of all of them. */
  | { readonly kind: 'damage'; readonly which: number }
  | { readonly kind: 'clock'; readonly jumpMs: number }
  | { readonly kind: 'operator'; readonly does: 'reprocess' | 'discard' | 'replay-dead' | 'replay-range' };

export type TimedAct = Act & { readonly atMs: number };

/** A whole run. Times in virtual ms. */
export interface Plan {
  readonly seed: number;
  readonly senders: number;
  readonly messagesPerSender: number;
  readonly windowPerSender: number;
  readonly maxEvents: number;
  readonly inFlightMax: number;
  readonly onBlocked: 'hold-key' | 'pass';
  readonly onUnmappedType: 'hold' | 'filter' | 'reject';
  readonly horizonHours: number;
  readonly startsAtMs: number;
  readonly lossShare: number;
  readonly diskMs: number;
  readonly acts: readonly TimedAct[];
  /** The power fails that long after the first fault of the disk. */
  readonly powerCutAfterMs?: number;
}

/** Until here the acts disturb; afterwards everything works and what was left must end well. */
export const TROUBLE_MS = 20_000;

const HOUR_MS = 3_600_000;
/** Begin of the wall clock: a plain day, and shortly before daylight saving begins, before it ends, and at year end. */
const STARTS = [
  Date.UTC(2026, 2, 2, 12),
  Date.UTC(2026, 2, 8, 7, 59, 50),
  Date.UTC(2026, 10, 1, 6, 59, 50),
  Date.UTC(2026, 11, 31, 23, 59, 50),
] as const;

export function makePlan(seed: number): Plan {
  const chance = new Chance(seed, 'plan');
  const onBlocked = chance.pick<Plan['onBlocked']>(['hold-key', 'hold-key', 'pass']);
  const troubles = chance.whole(2, 10);
  const acts = Array.from({ length: troubles }, () => makeAct(chance, onBlocked));
  return {
    seed,
    senders: chance.whole(1, 3),
    messagesPerSender: chance.whole(4, 14),
    windowPerSender: chance.whole(1, 4),
    maxEvents: chance.pick([1, 1, 2, 5]),
    inFlightMax: chance.pick([1, 2, 8]),
    onBlocked,
    onUnmappedType: chance.pick(['hold', 'filter', 'reject']),
    // 0.001 h: entries that were refused for seconds become dead letters.
    horizonHours: chance.pick([720, 720, 0.001]),
    startsAtMs: chance.pick(STARTS),
    lossShare: chance.pick([0, 0.05, 0.3]),
    diskMs: chance.pick([0, 1, 8, 60]),
    acts: acts.sort((one, other) => one.atMs - other.atMs),
  };
}

function makeAct(chance: Chance, onBlocked: Plan['onBlocked']): TimedAct {
  const atMs = chance.whole(0, TROUBLE_MS);
  switch (chance.whole(1, 10)) {
    case 1:
    case 2:
    case 3:
      return { atMs, kind: 'erp', mode: makeMode(chance, onBlocked) };
    case 4:
      return { atMs, kind: 'kill' };
    case 5:
      return { atMs, kind: 'restart' };
    case 6:
      return { atMs, kind: 'power-cut', kept: chance.next() };
    case 7:
    case 8:
      return { atMs, kind: 'disk', fault: makeFault(chance) };
    case 9:
      return { atMs, kind: 'clock', jumpMs: makeJump(chance) };
    default:
      return { atMs, kind: 'operator', does: chance.pick(['reprocess', 'discard', 'replay-dead', 'replay-range']) };
  }
}

/** A request that takes effect after it was given up may pass others where order is not kept: not mixed with that. */
function makeMode(chance: Chance, onBlocked: Plan['onBlocked']): ErpMode | 'mixed' {
  if (onBlocked === 'hold-key' && chance.happens(0.4)) return 'mixed';
  const mode = chance.pick(ERP_MODES);
  return mode === 'late' && onBlocked === 'pass' ? 'hang' : mode;
}

function makeFault(chance: Chance): DiskFault {
  const kinds = chance.pick<DiskFault['kinds']>([['batch'], ['batch'], ['batch', 'open'], ['batch', 'close']]);
  return {
    kinds,
    call: chance.whole(1, 30),
    effect: chance.pick(['before', 'after', 'torn']),
    code: chance.pick(['EIO', 'ENOSPC']),
    times: chance.pick([1, 1, 3, 20]),
  };
}

function makeJump(chance: Chance): number {
  const far = chance.pick([HOUR_MS, 24 * HOUR_MS, 365 * 24 * HOUR_MS]);
  return chance.happens(0.5) ? far : -far;
}
