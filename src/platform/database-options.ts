import type { Clock } from '../model/clock.ts';
import type { OpenDisk } from './disk.ts';
import type { Envelope } from './envelope.ts';
import type { Log } from './log.ts';
import type { WriteBatch } from './write-batch.ts';

/** What a store is opened with; the callbacks run on the write path and must be quick and not throw. */
export interface DatabaseOptions {
  readonly location: string;
  /** Only at provisioning; an appliance never starts with an empty store by accident. */
  readonly createIfMissing: boolean;
  /** What seals and opens the records. Default: not encrypted. */
  readonly envelope?: Envelope;
  readonly clock: Clock;
  readonly log: Log;
  /** Adds records that must change with every group (totals, sequences). Called once per group, after `onJoin`. */
  readonly onGroup?: (group: WriteBatch) => void;
  readonly observe?: (facts: { readonly seconds: number; readonly batches: number }) => void;
  /** Called once per failure, after everything queued was refused. */
  readonly onFailed?: () => void;
  /** Default: LevelDB. */
  readonly openDisk?: OpenDisk;
}
