/**
 * Reading a store of which a part is damaged: what can be read is given, what cannot be is named, nothing is left out
 * in silence where it can be told. LevelDB 1.20 passes over a block that it cannot read and says so at the end of a
 * scan, or never; what is dense (messages, entries, cases) must therefore also be counted by its numbers.
 */
import { CausewayError } from '../model/errors.ts';
import type { Disk } from './disk.ts';
import type { Envelope } from './envelope.ts';
import { type Range, readPage, type Row } from './range.ts';

/** A record that is there and cannot be used. */
export interface DamagedRow {
  readonly key: string;
  /** What is wrong with it; no content. */
  readonly damage: string;
}

/** One page of a store of which a part may be damaged. */
export interface Scan {
  readonly rows: readonly (Row | DamagedRow)[];
  /** False when the disk could not read something in between: rows are missing, which ones is not known. */
  readonly isWhole: boolean;
  /** The machine answered with a read error, not with bytes that are wrong: it may read a moment later. */
  readonly mayPass: boolean;
}

/** Whether a row of a scan can be used. */
export const isDamaged = (row: Row | DamagedRow): row is DamagedRow => 'damage' in row;

/** Whether the machine could not read it this time: it may be as it was. */
export const isReadError = ({ damage }: DamagedRow): boolean => damage.endsWith(READ_ERROR);

/** Reads one page, whatever state its records are in. Rejects only when the store is not open. */
export async function scanRows(disk: Disk, range: Range, envelope: Envelope): Promise<Scan> {
  try {
    const entries = await readPage(disk, range);
    return { rows: entries.map(([key, sealed]) => opened(key, sealed, envelope)), isWhole: true, mayPass: false };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { rows: await rowByRow(disk, range, envelope), isWhole: false, mayPass: error.detail.endsWith(READ_ERROR) };
  }
}

/** Reads of an open store, as `Database` has them. */
interface KeyReads {
  keys(range: Omit<Range, 'values'>): Promise<string[]>;
  scan(range: Range): Promise<Scan>;
}

/** One page of keys of a store of which a part may be damaged; `isWhole`: false when some may be missing. */
export async function readableKeys(
  store: KeyReads,
  range: Omit<Range, 'values'>,
): Promise<{ readonly keys: string[]; readonly isWhole: boolean }> {
  try {
    return { keys: await store.keys(range), isWhole: true };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const { rows } = await store.scan(range);
    return { keys: rows.map(({ key }) => key), isWhole: false };
  }
}

/** More rows than a store has; LevelDB takes 31 bits. */
const EVERY_ROW = 1_000_000_000;

/**
 * All keys of a range as they are now, `limit` at a time, by one scan: only its end tells whether a block was passed
 * over. @throws CausewayError `STORE_DAMAGED` behind the last page when keys are missing, `STORE_FAILED`
 */
export async function* keyPages(
  store: { readonly sealed: Pick<Disk, 'iterator'> },
  range: Omit<Range, 'values' | 'reverse'>,
): AsyncGenerator<string[], void> {
  for await (const rows of pagesOf(store.sealed, range, false)) yield rows.map(([key]) => key);
}

/** All rows of a range as they are when the first page is asked for; for the rest as `keyPages`. */
export async function* rowPages(
  disk: Disk,
  range: Omit<Range, 'values' | 'reverse'>,
  envelope: Envelope,
): AsyncGenerator<Scan['rows'], void> {
  for await (const rows of pagesOf(disk, range, true)) yield rows.map(([key, sealed]) => opened(key, sealed, envelope));
}

async function* pagesOf(
  disk: Pick<Disk, 'iterator'>,
  { gte, lt, limit }: Omit<Range, 'values' | 'reverse'>,
  values: boolean,
): AsyncGenerator<[string, Uint8Array][], void> {
  const iterator = disk.iterator({ gte, lt, limit: EVERY_ROW, reverse: false, values });
  try {
    for (;;) {
      const rows = await iterator.nextv(limit);
      if (rows.length === 0) return;
      yield rows;
    }
  } finally {
    await iterator.close();
  }
}

/** An error takes the rows of its call along: the page once more, so that only the last call can fail. */
async function rowByRow(disk: Disk, range: Range, envelope: Envelope): Promise<(Row | DamagedRow)[]> {
  const iterator = disk.iterator({ ...range, reverse: range.reverse ?? false, values: true });
  const rows: (Row | DamagedRow)[] = [];
  try {
    while (rows.length < range.limit) {
      const [entry] = await iterator.nextv(1);
      if (entry === undefined) break;
      rows.push(opened(entry[0], entry[1], envelope));
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
  } finally {
    await iterator.close();
  }
  return rows;
}

/** Reads many records one by one; absent: undefined; there but not to be used: the damage. */
export function readEach(disk: Disk, keys: readonly string[], envelope: Envelope): (Row | DamagedRow | undefined)[] {
  return keys.map((key) => {
    try {
      const sealed = disk.getSync(key);
      return sealed === undefined ? undefined : opened(key, sealed, envelope);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { key, damage: error.detail };
    }
  });
}

function opened(key: string, sealed: Uint8Array, envelope: Envelope): Row | DamagedRow {
  try {
    return { key, ...envelope.open(key, sealed) };
  } catch (error) {
    if (!(error instanceof CausewayError)) throw error;
    return { key, damage: error.detail };
  }
}

/** Whether an error says that what is stored is wrong, and not only that the machine could not read it this time. */
export const isLastingDamage = (error: unknown): boolean => isDamage(error) && !error.detail.endsWith(READ_ERROR);

const isDamage = (error: unknown): error is CausewayError =>
  error instanceof CausewayError && error.code === 'STORE_DAMAGED';

/**
 * Makes every failure to read a `CausewayError`, so that no caller takes the machine's trouble for a bug of its own:
 * - the disk cannot read a block or a file (`LEVEL_CORRUPTION`, EIO): `STORE_DAMAGED` of the table that was asked for.
 *   Reads are not tried again here: what stays unreadable is held and told, and all that does not need it goes on.
 * - the store is closed, or was closed meanwhile to be opened again: `STORE_FAILED`.
 */
export function withReadErrors(disk: Disk): Disk {
  const named = async <Result>(key: string, read: () => Promise<Result>): Promise<Result> => {
    try {
      return await read();
    } catch (cause) {
      throw readError(key, cause);
    }
  };
  const atOnce = <Result>(key: string, read: () => Result): Result => {
    try {
      return read();
    } catch (cause) {
      throw readError(key, cause);
    }
  };
  return {
    batch: (operations, options) => disk.batch(operations, options),
    getSync: (key) => atOnce(key, () => disk.getSync(key)),
    getMany: (keys) => named(keys[0] ?? '', () => disk.getMany(keys)),
    iterator(range) {
      const iterator = atOnce(range.gte, () => disk.iterator(range));
      return {
        nextv: (count) => named(range.gte, () => iterator.nextv(count)),
        close: () => named(range.gte, () => iterator.close()),
      };
    },
    compactRange: (from, to) => named(from, async () => disk.compactRange?.(from, to)),
    close: () => disk.close(),
  };
}

const READ_ERROR = 'read error.';
const NOT_OPEN = new Set(['LEVEL_DATABASE_NOT_OPEN', 'LEVEL_ITERATOR_NOT_OPEN', 'LEVEL_ABORTED']);
const UNREADABLE = new Set(['LEVEL_CORRUPTION', 'LEVEL_IO_ERROR', 'EIO']);

function readError(key: string, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const code = 'code' in cause ? String(cause.code) : '';
  if (NOT_OPEN.has(code)) return new CausewayError('STORE_FAILED', 'The store is not open.', { cause });
  if (!UNREADABLE.has(code) && !/^(?:IO error|Corruption)/.test(cause.message)) return cause;
  const table = key.slice(0, Math.max(1, key.indexOf('!')));
  const sequence = /\d{16}$/.exec(key)?.[0] ?? 'unnumbered';
  const isDamaged = code === 'LEVEL_CORRUPTION' || cause.message.startsWith('Corruption');
  const what = isDamaged ? 'damaged block.' : READ_ERROR;
  return new CausewayError('STORE_DAMAGED', `table ${table}, record ${sequence}: ${what}`, { cause });
}
