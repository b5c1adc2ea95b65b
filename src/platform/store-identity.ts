/**
 * Who a store is: the marker `PROVISIONED` in its folder, outside of the database.
 *
 * The marker holds the format of the store, its `storeId` (the same in every copy), its **epoch** and what recognises a
 * copy. Message ids, entry ids and lane numbers are numbers of one store; when a folder is copied, cloned or restored,
 * two stores would count on from the same number. Every copy therefore starts a new epoch before it stores anything:
 * the number is part of the `sequence` of each event (`eventSequence`), so that it rises over a restore and is never
 * given twice, and `epochId` names this one life of the store among all copies. Event ids are derived from the message
 * alone and stay equal, so that a repetition out of a copy has no second effect.
 *
 * A copy is recognised by the inode and birth time of the database folder, by the machine-id, and by the network cards:
 * whoever clones a whole machine gives the clone other addresses. Two copies that run at once on one machine also see
 * each other (`store-folder.ts`).
 *
 * The marker is replaced by rename, with the file and its folder synced: after any crash it is the old or the new one.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { CausewayError } from '../model/errors.ts';
import { STORE_FORMAT } from '../model/store-format.ts';
import type { EpochReason, StoreIdentity } from '../model/store-identity.ts';

const MARKER = 'PROVISIONED';
const DATABASE = 'db';

/**
 * As stored. `format`: no record of the store is newer; it is raised before the first record is migrated, so that an
 * older version refuses a store that is half migrated. `place`: what recognises a copy; `cards`: hashes of the
 * addresses of its network cards. Both are absent until the next start of a store of an older version.
 */
interface StoreMarker extends StoreIdentity {
  readonly format: number;
  readonly provisionedAt: string;
  readonly place?: string;
  readonly cards?: readonly string[];
}

/** True once something may have been stored in the folder: from then on a missing database is an error. */
export const isProvisioned = (storePath: string): boolean => existsSync(join(storePath, MARKER));

/**
 * The identity as stored; null before provisioning.
 * @throws CausewayError `STORE_NEWER_FORMAT`, `STORE_OPEN_FAILED` when the marker cannot be read
 */
export function readIdentity(storePath: string): StoreIdentity | null {
  const marker = readMarker(storePath);
  return marker === null ? null : identityOf(marker);
}

/**
 * Writes the marker of a new store, or compares that of an old one with the place where it stands now: a copy starts a
 * new epoch (`isNewEpoch`). Call with the owner lock held, once the database exists and before anything is stored.
 * @throws CausewayError `STORE_NEWER_FORMAT`, `STORE_OPEN_FAILED`
 */
export function identify(storePath: string, nowMs: number): { identity: StoreIdentity; isNewEpoch: boolean } {
  const marker = readMarker(storePath);
  const place = placeOf(storePath);
  if (marker === null) {
    const at = new Date(nowMs).toISOString();
    const first = { storeId: randomUUID(), epoch: 1, ...epochBegun('provisioned', at), provisionedAt: at };
    const cards = cardsOf(first.storeId);
    return { identity: write(storePath, { format: STORE_FORMAT, ...first, place, cards }), isNewEpoch: false };
  }
  const cards = cardsOf(marker.storeId);
  if ((marker.place !== undefined && marker.place !== place) || isOtherMachine(marker.cards, cards))
    return { identity: startNewEpoch(storePath, { nowMs, reason: 'copied' }), isNewEpoch: true };
  // A store of a version that kept no place is where it always was.
  const isSame = marker.place === place && marker.format === STORE_FORMAT && String(marker.cards) === String(cards);
  if (!isSame) write(storePath, { ...marker, place, cards, format: STORE_FORMAT });
  return { identity: identityOf(marker), isNewEpoch: false };
}

/** Every card is another one. A card that was added, or is gone, does not make another machine. */
const isOtherMachine = (were: readonly string[] = [], are: readonly string[]): boolean =>
  were.length > 0 && are.length > 0 && !are.some((card) => were.includes(card));

/**
 * Raises the format of a provisioned store to the present one, durable when it returns: from then on older versions
 * refuse it. A marker that cannot be read stays. @throws CausewayError `STORE_NEWER_FORMAT`, `STORE_OPEN_FAILED`
 */
export function raiseFormat(storePath: string): void {
  const marker = readableMarker(storePath);
  if (marker !== null && marker.format < STORE_FORMAT) write(storePath, { ...marker, format: STORE_FORMAT });
}

/**
 * For who only looks at a store, in whatever state its marker is: the highest format of its records; null where no
 * marker tells. @throws CausewayError `STORE_NEWER_FORMAT`
 */
export const markedFormat = (storePath: string): number | null => readableMarker(storePath)?.format ?? null;

function readableMarker(storePath: string): StoreMarker | null {
  try {
    return readMarker(storePath);
  } catch (error) {
    if (error instanceof CausewayError && error.code === 'STORE_OPEN_FAILED') return null;
    throw error;
  }
}

/**
 * Starts the next epoch of a provisioned store, durable when it returns. For a folder that was restored or cloned, with
 * no appliance running on it; the owner lock must be held. Starting one more than needed does no harm.
 * @throws CausewayError `STORE_MISSING` without marker, `STORE_NEWER_FORMAT`, `STORE_OPEN_FAILED`
 */
export function startNewEpoch(storePath: string, begun: { nowMs: number; reason: EpochReason }): StoreIdentity {
  const marker = readMarker(storePath);
  if (marker === null) throw new CausewayError('STORE_MISSING', `${storePath} has no ${MARKER} marker.`);
  const next = epochBegun(begun.reason, new Date(begun.nowMs).toISOString());
  const epoch = marker.epoch + 1;
  const at = { place: placeOf(storePath), cards: cardsOf(marker.storeId) };
  return write(storePath, { ...marker, ...next, ...at, format: STORE_FORMAT, epoch });
}

/**
 * Writes the marker of a store that is being restored from a backup: the same store in its next epoch. Its database
 * follows; until it stands there, a start is refused (`STORE_MISSING`). Call `identify` when it does.
 * @throws CausewayError `STORE_OPEN_FAILED`
 */
export function identifyRestored(
  storePath: string,
  origin: { readonly storeId: string; readonly epoch: number },
  nowMs: number,
): void {
  const at = new Date(nowMs).toISOString();
  const { storeId } = origin;
  const epoch = { epoch: origin.epoch + 1, ...epochBegun('restored', at) };
  // Its records are migrated before the database gets its name.
  write(storePath, { format: STORE_FORMAT, storeId, ...epoch, provisionedAt: at });
}

/** A restore failed before the database stood in the folder: takes back what `identifyRestored` wrote. */
export const withdrawIdentity = (storePath: string): void => rmSync(join(storePath, MARKER), { force: true });

const epochBegun = (epochReason: EpochReason, epochStartedAt: string) => ({
  epochId: randomUUID(),
  epochReason,
  epochStartedAt,
});

function readMarker(storePath: string): StoreMarker | null {
  if (!isProvisioned(storePath)) return null;
  const marker = parsed(storePath);
  if (marker.format > STORE_FORMAT) {
    const detail = `The store has format ${marker.format}, this version knows ${STORE_FORMAT}.`;
    throw new CausewayError('STORE_NEWER_FORMAT', detail);
  }
  return marker;
}

function parsed(storePath: string): StoreMarker {
  try {
    const stored = JSON.parse(readFileSync(join(storePath, MARKER), 'utf8')) as Partial<StoreMarker>;
    if (!Number.isSafeInteger(stored.format) || typeof stored.storeId !== 'string') throw new TypeError('not a marker');
    const { format = STORE_FORMAT, storeId, provisionedAt = '', epoch = 1 } = stored;
    // Markers of older versions hold no epoch: it is the first one, known by the store's own id.
    const first = { epochId: storeId, epochReason: 'provisioned', epochStartedAt: provisionedAt } as const;
    return { ...first, ...stored, format, storeId, provisionedAt, epoch };
  } catch (cause) {
    const detail = `The marker ${MARKER} in ${storePath} cannot be read.`;
    throw new CausewayError('STORE_OPEN_FAILED', detail, { cause });
  }
}

function identityOf({ storeId, epoch, epochId, epochReason, epochStartedAt }: StoreMarker): StoreIdentity {
  return { storeId, epoch, epochId, epochReason, epochStartedAt };
}

function write(storePath: string, marker: StoreMarker): StoreIdentity {
  try {
    replaceDurably(storePath, MARKER, `${JSON.stringify(marker)}\n`);
  } catch (cause) {
    throw new CausewayError('STORE_OPEN_FAILED', `The marker ${MARKER} in ${storePath} cannot be written.`, { cause });
  }
  return identityOf(marker);
}

/** Replaces a small file whole, durable when it returns: draft, fsync, rename, fsync of the folder. */
export function replaceDurably(folder: string, name: string, text: string): void {
  const draft = join(folder, `${name}.draft`);
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, join(folder, name));
  const directory = openSync(folder, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/**
 * What changes when the folder is copied: device numbers do not count, they differ from one start of a machine to the
 * next.
 */
function placeOf(storePath: string): string {
  const { ino, birthtimeNs } = statSync(join(storePath, DATABASE), { bigint: true });
  return createHash('sha256').update(`causeway store ${ino} ${birthtimeNs} ${machineId()}`).digest('hex');
}

/** Where the kernel lists network interfaces; those of hardware, also of a virtual one, have a `device`. */
const NETWORK = '/sys/class/net';

/** Of each card that is hardware, its address hashed with the store: it identifies the machine to nobody else. */
function cardsOf(storeId: string): readonly string[] {
  try {
    return readdirSync(NETWORK)
      .filter((name) => existsSync(join(NETWORK, name, 'device')))
      .map((name) => readFileSync(join(NETWORK, name, 'address'), 'utf8').trim())
      .map((address) => createHash('sha256').update(`${storeId} ${address}`).digest('hex').slice(0, 16))
      .sort();
  } catch {
    return [];
  }
}

/** machine-id(5); empty where the system has none, then only the folder tells. */
function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    return '';
  }
}
