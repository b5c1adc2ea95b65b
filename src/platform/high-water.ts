/**
 * The newest numbers of a store, in the tiny file `HIGH-WATER` outside of its database: a lower bound, written now and
 * then. A database that lost its newest records, or all of them, cannot know it from what is left; this file can.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceDurably } from './store-identity.ts';

const FILE = 'HIGH-WATER';

/** Numbers of the newest message, case, and entry of each lane (`DESTINATION:LANE`); 0 before the first. */
export interface HighWater {
  readonly message: number;
  readonly case: number;
  readonly lanes: Readonly<Record<string, number>>;
}

/** As last written; null when the file is absent or cannot be read: it is only ever a second witness. */
export function readHighWater(storePath: string): HighWater | null {
  try {
    const stored = JSON.parse(readFileSync(join(storePath, FILE), 'utf8')) as HighWater;
    const numbers = [stored.message, stored.case, ...Object.values(stored.lanes)];
    return numbers.every((value) => Number.isSafeInteger(value) && value >= 0) ? stored : null;
  } catch {
    return null;
  }
}

/** Replaces the file, durable when it returns. Call only with numbers whose records are durable. */
export const writeHighWater = (storePath: string, marks: HighWater): void =>
  replaceDurably(storePath, FILE, `${JSON.stringify(marks)}\n`);
