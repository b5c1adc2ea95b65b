/** Holds the websocket and says honestly how old the figures are. */
import { type Signal, signal } from '@preact/signals';
import { monotonicMs } from './browser-clock.ts';
import { type Picture, PictureKeeper, type ServerMessage } from './protocol.ts';

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 5_000;
/** The server says something at least every 20 s; longer silence than this is a dead connection. */
const SILENCE_MAX_MS = 45_000;

export type Link = 'connecting' | 'live' | 'reconnecting';

export interface Connection {
  readonly link: Signal<Link>;
  readonly picture: Signal<Picture | null>;
  /** The facility's clock in epoch ms, ticking; stands still at the last figures while the link is down. */
  readonly nowMs: Signal<number>;
  /** When the figures were taken, by the facility's clock. */
  readonly asOfMs: Signal<number>;
}

export function connect(url: string): Connection {
  const keeper = new PictureKeeper();
  const connection: Connection = {
    link: signal<Link>('connecting'),
    picture: signal<Picture | null>(null),
    nowMs: signal(0),
    asOfMs: signal(0),
  };
  let currentAtMs = monotonicMs();
  let heardAtMs = monotonicMs();
  let retryMs = RETRY_FIRST_MS;
  let socket: WebSocket;

  const open = (): void => {
    heardAtMs = monotonicMs();
    socket = new WebSocket(url, 'causeway.v1');
    socket.onopen = () => socket.send(JSON.stringify(keeper.hello()));
    socket.onmessage = (event) => hear(JSON.parse(String(event.data)) as ServerMessage);
    socket.onclose = lost;
  };

  const lost = (): void => {
    socket.onclose = null; // a dead peer never finishes its half of the closing, so nothing is awaited
    socket.onmessage = null;
    socket.close();
    if (connection.link.value === 'live') connection.link.value = 'reconnecting';
    connection.nowMs.value = connection.asOfMs.value;
    setTimeout(open, retryMs);
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  };

  const hear = (message: ServerMessage): void => {
    heardAtMs = monotonicMs();
    const heard = keeper.hear(message);
    if (heard === 'gap') socket.send(JSON.stringify(keeper.hello()));
    if (heard !== 'current') return;
    currentAtMs = heardAtMs;
    retryMs = RETRY_FIRST_MS;
    connection.picture.value = keeper.picture;
    connection.asOfMs.value = message.nowMs;
    connection.nowMs.value = message.nowMs;
    connection.link.value = 'live';
  };

  setInterval(() => {
    const nowMs = monotonicMs();
    if (nowMs - heardAtMs > SILENCE_MAX_MS && socket.readyState <= WebSocket.OPEN) lost();
    if (connection.link.value === 'live') connection.nowMs.value = connection.asOfMs.value + (nowMs - currentAtMs);
  }, 1_000);
  open();
  return connection;
}
