import { CausewayError } from '../model/errors.ts';
import { STORE_DAMAGED_CLASS } from '../model/store-damage.ts';
import type { RunObserver } from './delivery-run.ts';
import type { DispatcherParts } from './dispatcher.ts';

/**
 * True when an error is the store's: it failed or was closed (its reopening starts a new run), or a record is damaged.
 * A record that cannot be read is told with an alarm: nothing of this lane is sent from a store that does not say what
 * was written, until it is read again; other lanes go on.
 */
export function isStoreTrouble(error: unknown, parts: DispatcherParts, observer: RunObserver): boolean {
  if (error instanceof CausewayError && error.code === 'STORE_DAMAGED') {
    const { log, lane, clock } = parts;
    const facts = { destination: lane.id.destinationId, code: error.code, reason: error.detail, hint: error.hint };
    log.error('delivery to this destination rests: a stored record cannot be read', facts);
    observer.failed({ atMs: clock.nowMs(), class: STORE_DAMAGED_CLASS, reason: error.detail });
    return true;
  }
  if (error instanceof CausewayError && error.code === 'STORE_FAILED') return true;
  const { state } = parts.database;
  return state !== 'open' && state !== 'damaged' && error instanceof Error;
}
