import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';

/** Longest path of a unix socket on Linux (`sun_path` less its end byte), in bytes. */
const SOCKET_PATH_BYTES_MAX = 107;

/**
 * Makes the path free for a new control socket. A socket file is removed only after nobody answered on it.
 *
 * @throws CausewayError `STORE_IN_USE` when a living process answers; `LISTENER_BIND_FAILED` when the path is too long
 * or holds something that is not a socket.
 */
export async function freeSocketPath(path: string, clock: Clock): Promise<void> {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) {
    throw new CausewayError(
      'LISTENER_BIND_FAILED',
      `control socket path is longer than ${SOCKET_PATH_BYTES_MAX} bytes: ${path}`,
    );
  }
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing === undefined) return;
  if (!existing.isSocket()) throw new CausewayError('LISTENER_BIND_FAILED', `${path} exists and is not a socket`);
  if (await answers(path, clock)) throw new CausewayError('STORE_IN_USE', `a process answers on ${path}`);
  rmSync(path, { force: true });
}

/** Only the service user may connect. The folder of the store (0700) covers the moment before this call. */
export const protectSocket = (path: string): void => chmodSync(path, 0o600);

/** A full accept queue (EAGAIN) or a time-out also proves life: only a refusal means that nobody is there. */
function answers(path: string, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const patience = clock.after(2_000, () => end(true));
    const end = (alive: boolean): void => {
      patience.cancel();
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', () => end(true));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}
