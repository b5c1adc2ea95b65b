/**
 * Control ids whose rows are lost. A block that reads as zeros is an empty one to LevelDB, for single reads, too, and a
 * repetition of what stood in it looks new. The messages are still there and tell what the rows said.
 */
import type { Clock } from '../src/model/clock.ts';
import { type Database, WriteBatch } from '../src/platform/database.ts';
import { rememberedAs } from './control-id-finding.ts';
import type { ControlIdIndex } from './control-ids.ts';
import { DAY_MS } from './keys.ts';
import type { StoredMessage } from './frames.ts';

/** Messages looked at in one piece: each may cost two reads for every day of the window. */
const PIECE = 16;
/** What is read, and where it is written. */
export interface IndexAgainParts {
  readonly database: Database;
  readonly index: Pick<ControlIdIndex, 'find' | 'put'>;
  /** null: it cannot be read. */
  readonly message: (sequence: number) => StoredMessage | null;
  /** Numbers between which there are messages. */
  readonly low: number;
  readonly high: number;
  readonly clock: Clock;
  /** The longest duplicate window of all channels. */
  readonly windowDays: number;
  /** After each piece, which took so many ms; false ends the work. */
  readonly rest: (workedMs: number) => Promise<boolean>;
}

/**
 * Indexes the messages of the window anew that have an effect and are not found by their control id, the newest first;
 * returns how many. Their age is told by the wall clock against the newest (time in which nothing ran does not count),
 * and they count as of today: longer than the window is the safe side. Each gets a row of its own, which nothing that
 * comes meanwhile can overwrite.
 * @throws CausewayError `STORE_FAILED`, `STORE_DAMAGED` (a read error)
 */
export async function indexAgain(parts: IndexAgainParts): Promise<number> {
  const { database, clock, windowDays, low, high, rest } = parts;
  let newestMs: number | undefined;
  let count = 0;
  for (let number = high; number >= low; number -= PIECE) {
    const beganMs = clock.monotonicMs();
    const messages = readable(parts, number);
    newestMs ??= messages[0]?.header.receivedAtMs;
    const oldestMs = Math.min(newestMs ?? 0, clock.nowMs()) - (windowDays + 1) * DAY_MS;
    const young = messages.filter(({ header }) => header.receivedAtMs >= oldestMs);
    const batch = new WriteBatch();
    for (const message of young) count += put(batch, message, parts);
    if (batch.size > 0) await database.commit(batch, 'written');
    if (young.length === 0 && messages.length > 0) return count;
    if (!(await rest(clock.monotonicMs() - beganMs))) return count;
  }
  return count;
}

/** One piece, down from a number. */
function readable({ message, low }: IndexAgainParts, from: number): readonly StoredMessage[] {
  const messages: StoredMessage[] = [];
  for (let number = from; number > from - PIECE && number >= low; number -= 1) {
    const found = message(number);
    if (found !== null) messages.push(found);
  }
  return messages;
}

/** 1 when it was not found. */
function put(batch: WriteBatch, { sequence, header }: StoredMessage, { index, windowDays }: IndexAgainParts): number {
  const { channelId, payloadHash, entryIds, caseId } = header;
  // What has no effect may come again: it is judged anew.
  if (entryIds.length === 0 && caseId === undefined) return 0;
  const controlId = rememberedAs(header.controlId, payloadHash);
  const { sameBytes, place } = index.find({ channelId, controlId, payloadHash, windowDays });
  if (sameBytes.length > 0) return 0;
  index.put(batch, sequence, { channelId, payloadHash, place: { ...place, isFirst: false } });
  return 1;
}
