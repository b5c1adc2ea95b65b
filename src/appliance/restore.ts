/**
 * Makes a store out of a backup: the same store in its next epoch.
 *
 * Order, so that a crash at any moment leaves either the restored store or one that refuses to start: the marker first,
 * then the records in a draft folder, read back and compared, what may have gone out since the backup dealt with
 * (`uncertain.ts`), and at last the folder gets its name.
 */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { FrameStore } from '../../outbox/frames.ts';
import { blindNames } from '../../outbox/keys.ts';
import { LaneStore } from '../../outbox/lane-store.ts';
import { migrateStore } from '../../outbox/migrate.ts';
import { moneyTotals, Totals } from '../../outbox/totals.ts';
import type { Config, DestinationConfig } from '../config/schema.ts';
import { CaseStore } from '../exceptions/case-store.ts';
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import { type MessageId, messageIdOf } from '../model/ids.ts';
import { STORE_FORMAT } from '../model/store-format.ts';
import type { StoreIdentity } from '../model/store-identity.ts';
import { checkBackup, readBackup } from '../platform/backup-file.ts';
import { BACKUP_FORMAT, type BackupHeader } from '../platform/backup-format.ts';
import { Database } from '../platform/database.ts';
import { KeyRegister } from '../platform/key-register.ts';
import type { Log } from '../platform/log.ts';
import { compareRecords, writeRecords } from '../platform/restored-records.ts';
import { syncFolder } from '../platform/backup-file.ts';
import { takeStoreFolder } from '../platform/store-folder.ts';
import { identify, identifyRestored, withdrawIdentity } from '../platform/store-identity.ts';
import { encryptionOf } from './encryption-desk.ts';
import { dealWithUncertain, type UncertainWay, wayOf } from './uncertain.ts';

/** What waits for one destination, and what becomes of it. */
export interface RestoredDestination {
  readonly id: string;
  /** Entries that go out by themselves; they may have been delivered after the backup was taken. */
  readonly waiting: number;
  /** Entries that wait behind a held or dead entry of the same ordering key, as in `status`; may be delivered, too. */
  readonly blockedBehind: number;
  /** Of both. */
  readonly money: readonly { readonly currency: string; readonly amount: string }[];
  readonly way: UncertainWay;
  /** Of both: held with an exception case each. */
  readonly held: number;
  readonly cause: string | null;
}

/** What was restored, and how far it reaches. */
export interface RestoreReport {
  readonly path: string;
  readonly identity: StoreIdentity;
  readonly backup: BackupHeader;
  readonly records: number;
  /** What came after it is not in the store, though its senders got an AA. */
  readonly newestMessage: { readonly messageId: MessageId; readonly receivedAtMs: number } | null;
  readonly openCases: number;
  readonly destinations: readonly RestoredDestination[];
}

/** What a restore works with. */
export interface RestoreParts {
  readonly config: Config;
  /** The backup file. */
  readonly from: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Resolves once the store is whole and durable. What fails is taken away again.
 * @throws CausewayError `BACKUP_UNREADABLE`, `BACKUP_DAMAGED`, `STORE_NEWER_FORMAT`, `RESTORE_REFUSED`, `STORE_IN_USE`,
 * `STORE_OPEN_FAILED`, `STORE_FAILED`, `STORE_KEY_MISSING`, `STORE_KEY_WRONG`, `SECRET_UNREADABLE`
 */
export async function restoreStore(parts: RestoreParts): Promise<RestoreReport> {
  const { config, clock } = parts;
  const backup = await wholeBackup(parts.from);
  const { path } = config.store;
  refuseFilled(path);
  const folder = await takeStoreFolder(path);
  const draft = `${folder.databasePath}.draft`;
  try {
    refuseFilled(path);
    identifyRestored(path, backup, clock.nowMs());
    const records = await writeRecords(draft, readBackup(parts.from));
    await compareRecords(draft, readBackup(parts.from));
    const found = await lookInto(draft, parts);
    renameSync(draft, folder.databasePath);
    await syncFolder(path);
    const { identity } = identify(path, clock.nowMs());
    return { path, identity, backup, records, ...found };
  } catch (error) {
    // Nothing was in the folder before.
    if (!existsSync(folder.databasePath)) {
      rmSync(draft, { recursive: true, force: true });
      withdrawIdentity(path);
    }
    throw error;
  } finally {
    await folder.release();
  }
}

async function wholeBackup(from: string): Promise<BackupHeader> {
  const { header, damage } = await checkBackup(from);
  const [first] = damage;
  if (first !== undefined || header === null)
    throw new CausewayError('BACKUP_DAMAGED', `${from}, byte ${first?.atByte ?? 0}: ${first?.what ?? 'no header'}.`);
  if (header.format > BACKUP_FORMAT || header.storeFormat > STORE_FORMAT)
    throw new CausewayError('STORE_NEWER_FORMAT', `${from} was written by version ${header.version}.`);
  return header;
}

function refuseFilled(path: string): void {
  if (existsSync(path) && readdirSync(path).length > 0)
    throw new CausewayError('RESTORE_REFUSED', `${path} is not empty.`);
}

async function lookInto(
  location: string,
  { config, clock, log }: RestoreParts,
): Promise<Pick<RestoreReport, 'newestMessage' | 'openCases' | 'destinations'>> {
  const totals = new Totals();
  const onGroup: Parameters<typeof Database.open>[0]['onGroup'] = (group) => totals.write(group);
  const encryption = encryptionOf(config, log);
  const envelope = encryption === null ? {} : { envelope: encryption.envelope };
  const database = await Database.open({ location, createIfMissing: false, clock, log, onGroup, ...envelope });
  try {
    const register = await KeyRegister.open(database, encryption);
    const blind = register === null ? null : blindNames(register.indexKey);
    await migrateStore({ database, clock, log });
    await totals.load(database);
    const frames = new FrameStore(database, totals, { clock, blind });
    const cases = new CaseStore(database, totals);
    const destinations: RestoredDestination[] = [];
    for (const destination of config.destinations) {
      const lane = new LaneStore({ destinationId: destination.id, lane: 'normal' }, database, totals);
      const before = waitingAt(totals, destination);
      const way = wayOf(destination);
      const uncertain = { lane, database, cases, frames, way, repetition: destination.repetition.by };
      const dealt = await dealWithUncertain({ ...uncertain, nowMs: clock.nowMs() });
      destinations.push({ id: destination.id, ...before, way, ...dealt });
    }
    const newest = frames.get(totals.messages);
    const newestMessage =
      newest === null ? null : { messageId: messageIdOf(newest.sequence), receivedAtMs: newest.header.receivedAtMs };
    return { newestMessage, openCases: totals.openCases, destinations };
  } finally {
    await database.close();
  }
}

function waitingAt(
  totals: Totals,
  { id }: DestinationConfig,
): Pick<RestoredDestination, 'waiting' | 'blockedBehind' | 'money'> {
  const { counts, money } = totals.destination(id);
  const open = counts.enqueued - counts.posted - counts.discarded - counts.held - counts.dead;
  const sums = new Map(money.enqueued);
  for (const state of ['posted', 'discarded', 'held', 'dead'] as const)
    for (const [currency, units] of money[state]) sums.set(currency, (sums.get(currency) ?? 0n) - units);
  return { waiting: open - counts.behind, blockedBehind: counts.behind, money: moneyTotals(sums) };
}
