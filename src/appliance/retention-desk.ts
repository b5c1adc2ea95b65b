/** Retention over the stores of the appliance, with its metric. */
import { LaneStore } from '../../outbox/lane-store.ts';
import type { Config } from '../config/schema.ts';
import type { DestinationId } from '../model/ids.ts';
import { keptDays } from '../retention/kept-days.ts';
import { Retention, type RetentionParts } from '../retention/retention.ts';
import type { Metrics } from '../status/registry.ts';
import type { Turn } from './turn.ts';

/** What retention shares with the rest of the appliance. */
export interface RetentionDeskParts
  extends Pick<RetentionParts, 'database' | 'totals' | 'frames' | 'cases' | 'clock' | 'log'> {
  readonly config: Config;
  readonly lanes: ReadonlyMap<DestinationId, LaneStore>;
  readonly metrics: Metrics;
  readonly turn: Turn;
}

/** The longest duplicate window of the channels, in days. */
export const longestWindowDays = ({ channels }: Config): number =>
  Math.max(...channels.map(({ policy }) => policy.duplicateWindowDays));

/** Builds retention; it begins with `start`. */
export function createRetention(parts: RetentionDeskParts): Retention {
  const { config, database, totals, lanes, metrics, turn } = parts;
  const deleted = (table: string) => metrics.counter('causeway_retention_deleted_total', { table });
  const counters = { messages: deleted('message'), entries: deleted('entry'), cases: deleted('case') };
  return new Retention({
    ...parts,
    lanes: [...lanes.values()],
    laneOf: (id) => lanes.get(id.destinationId) ?? new LaneStore(id, database, totals),
    keptDays: keptDays(config.store.retention, longestWindowDays(config)),
    inTurn: (act) => turn.run(act),
    onDeleted(step) {
      counters.messages.add(step.messages);
      counters.entries.add(step.entries);
      counters.cases.add(step.cases);
    },
  });
}
