/** The indexes of the store: control ids with their frames, and merged numbers. Read anew whenever it is opened. */
import { FrameStore } from '../../outbox/frames.ts';
import { IdentityIndex } from '../../outbox/identity-index.ts';
import type { BlindName } from '../../outbox/keys.ts';
import type { Totals } from '../../outbox/totals.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Database } from '../platform/database.ts';
import type { Log } from '../platform/log.ts';
import { keptDays } from '../retention/kept-days.ts';
import { longestWindowDays } from './retention-desk.ts';

/** What the indexes stand on; the totals are loaded before. */
export interface IndexParts {
  readonly database: Database;
  readonly totals: Totals;
  readonly config: Config;
  readonly blind: BlindName | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** `load` must run before the first message, and again after the store was opened anew. */
export interface Indexes {
  readonly frames: FrameStore;
  readonly identities: IdentityIndex;
  readonly load: () => Promise<void>;
}

/** What cannot be read ahead is looked up on disk each time. */
export function createIndexes({ database, totals, config, blind, clock, log }: IndexParts): Indexes {
  const frames = new FrameStore(database, totals, { clock, blind });
  const identities = new IdentityIndex(database, { clock, blind });
  const windowDays = longestWindowDays(config);
  const keepDays = keptDays(config.store.retention, windowDays) + 1;
  const onFailed = (): void =>
    log.warn('control ids could not be read ahead: each one is looked up on disk', { count: windowDays });
  const onIndexedAgain = (count: number): void =>
    log.warn('control ids were lost by damage of the store: they are known again by their messages', { count });
  const load = async (): Promise<void> => {
    await frames.loadIndex({ windowDays, keepDays, onFailed, onIndexedAgain });
    await identities.load(() => log.warn('merged numbers could not be read ahead: each is looked up on disk', {}));
  };
  return { frames, identities, load };
}
