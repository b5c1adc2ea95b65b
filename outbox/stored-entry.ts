import type { OutboxEntry } from '../src/model/delivery.ts';
import { entryIdOf, type LaneId } from './keys.ts';
import { readEntry } from './records.ts';

/** An entry with its place in the lane. `heldAtIntake`: it lives in the parked table and the lane passes over it. */
export interface StoredEntry extends OutboxEntry {
  readonly heldAtIntake: boolean;
}

/** The entry in a payload of the entry table. */
export function storedEntry(id: LaneId, sequence: number, payload: Buffer): StoredEntry {
  const { header, body } = readEntry(payload);
  const entryId = entryIdOf(id, sequence);
  return { entryId, ...id, sequence, header, body, heldAtIntake: header.heldAtIntake === true };
}
