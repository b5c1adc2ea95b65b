/**
 * The folder of a store: provisioning marker, owner lock, database location.
 *
 * The marker `store.path/PROVISIONED` (`store-identity.ts`) is written once the database exists and before anything is
 * acknowledged. From then on a missing database is an error, never an invitation to start empty.
 * The owner lock is an abstract unix socket named by the folder's device and inode: the kernel gives it to one process
 * and takes it back when that process ends, however it ends. LevelDB's own lock file is only the second fence
 * (it is lost when the same process opens the folder twice).
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CausewayError } from '../model/errors.ts';
import { assertStoreAccess } from './file-access.ts';
import type { StoreIdentity } from '../model/store-identity.ts';
import { identify, readIdentity, startNewEpoch } from './store-identity.ts';

const DATABASE = 'db';
/** Kernel limit of a unix socket path is 107 bytes. */
const SOCKET_PATH_BYTES_MAX = 100;
/** Copies of one store on one machine that are told apart. */
const COPIES_MAX = 64;
const ENDING_MS = 200;

/** A store folder that this process owns until `release` resolved. */
export interface StoreFolder {
  readonly databasePath: string;
  /** False when the database must be created because nothing was ever stored here. */
  readonly provisioned: boolean;
  /**
   * Call once the database exists and before anything is stored. A copied folder starts a new epoch here, and so does
   * one whose epoch another appliance of this machine has: one of the two is a copy.
   */
  markProvisioned(nowMs: number): Promise<{ readonly identity: StoreIdentity; readonly isNewEpoch: boolean }>;
  release(): Promise<void>;
}

/** Where the database of a store is. */
export const databasePathOf = (storePath: string): string => join(storePath, DATABASE);

/**
 * Takes only the owner lock of a store, in whatever state it is; nothing is made or changed.
 * @throws CausewayError `STORE_IN_USE`, `ACCESS_DENIED`, `STORE_MISSING` when there is no such folder
 */
export async function lockStoreFolder(path: string): Promise<{ release(): Promise<void> }> {
  assertStoreAccess(path, databasePathOf(path));
  if (!existsSync(databasePathOf(path))) throw new CausewayError('STORE_MISSING', `${path} holds no store.`);
  const lock = await takeOwnerLock(path);
  return { release: () => closeServer(lock) };
}

/**
 * Creates the folder if needed (mode 0700) and takes the owner lock.
 * @throws CausewayError `STORE_IN_USE`, `ACCESS_DENIED`, `STORE_MISSING`, `STORE_OPEN_FAILED`, `STORE_NEWER_FORMAT`
 */
export async function takeStoreFolder(path: string): Promise<StoreFolder> {
  assertStoreAccess(path, databasePathOf(path));
  try {
    makeFolder(path);
    // Patient data: whoever could read the folder before, from now on only its owner can.
    chmodSync(path, statSync(path).mode & 0o700);
  } catch (cause) {
    throw new CausewayError('STORE_OPEN_FAILED', `The folder ${path} cannot be created.`, { cause });
  }
  const lock = await takeOwnerLock(path);
  const databasePath = databasePathOf(path);
  try {
    const provisioned = readIdentity(path) !== null;
    if (provisioned && !existsSync(join(databasePath, 'CURRENT')))
      throw new CausewayError('STORE_MISSING', `${databasePath} has no CURRENT file.`);
    const locks = [lock];
    return {
      databasePath,
      provisioned,
      async markProvisioned(nowMs) {
        let { identity, isNewEpoch } = identify(path, nowMs);
        for (let copies = 0; copies < COPIES_MAX; copies += 1) {
          const epochLock = await listenPatiently(`causeway-epoch-${identity.storeId}-${identity.epoch}`);
          if (!(epochLock instanceof Error)) {
            locks.push(epochLock);
            break;
          }
          identity = startNewEpoch(path, { nowMs, reason: 'copied' });
          isNewEpoch = true;
        }
        return { identity, isNewEpoch };
      },
      async release() {
        // The owner lock last: who takes it finds the epoch free.
        for (const one of locks.reverse()) await closeServer(one);
      },
    };
  } catch (error) {
    await closeServer(lock);
    throw error;
  }
}

/**
 * Makes the folder and what is missing above it, one level at a time: Node's own recursive form never returns where the
 * kernel answers ENOENT below a folder that exists (some virtual file systems).
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  mkdirSync(path, { mode: 0o700 });
}

/**
 * Where the control socket of a store is: inside its folder, or in the temporary folder when that path is too long
 * for the kernel. The appliance and the commands that ask it must give the same absolute `storePath`.
 */
export function controlSocketPath(storePath: string): string {
  const inside = join(storePath, 'control.sock');
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX) return inside;
  const name = createHash('sha256').update(storePath).digest('hex').slice(0, 24);
  return join(tmpdir(), `causeway-${name}.sock`);
}

async function takeOwnerLock(path: string): Promise<Server> {
  const { dev, ino } = statSync(path);
  const lock = await listenAlone(`causeway-store-${dev}-${ino}`);
  if (!(lock instanceof Error)) return lock;
  throw new CausewayError('STORE_IN_USE', `The owner lock of ${path} is taken.`, { cause: lock });
}

/** A process that is ending gives its sockets back one after the other. */
async function listenPatiently(name: string): Promise<Server | Error> {
  const first = await listenAlone(name);
  if (!(first instanceof Error)) return first;
  await pause(ENDING_MS);
  return listenAlone(name);
}

/** Takes an abstract unix socket, which the kernel gives to one process of the machine; the error when it is taken. */
function listenAlone(name: string): Promise<Server | Error> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.listen(`\0${name}`, () => {
      server.unref();
      resolve(server);
    });
  });
}

const closeServer = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
