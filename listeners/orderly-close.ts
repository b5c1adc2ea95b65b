import type { Socket } from 'node:net';
import type { Clock } from '../src/model/clock.ts';

/** What a sender may still write before it is cut off, in ms. */
const LINGER_MS = 1_000;

/** Lets the last reply leave: closing with unread bytes would reset the connection and take the reply with it. */
export function closeUnread(socket: Socket, clock: Clock): void {
  socket.end();
  socket.removeAllListeners('data');
  socket.resume();
  clock.after(LINGER_MS, () => socket.destroy());
}
