import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import { SECURITY_HEADERS } from './http-safety.ts';
import type { Operations } from './operations.ts';
import type { StreamRoute } from './route.ts';

/** An empty line is written this often, so that both ends notice a dead peer. */
const HEARTBEAT_MS = 15_000;
/** A reader with more unread bytes than this is dropped: the data path never waits for a viewer. */
export const TAIL_BUFFERED_BYTES_MAX = 1_048_576;
/** Readers at once. */
export const TAILS_MAX = 16;

interface TailOptions {
  readonly operations: Pick<Operations, 'subscribe'>;
  readonly clock: Clock;
  /** Default 15 s. */
  readonly heartbeatMs?: number;
}

/** `GET /v1/tail`: what happens from now on, one JSON object per line (NDJSON), without patient data. */
export function tailRoute({ operations, clock, heartbeatMs = HEARTBEAT_MS }: TailOptions): StreamRoute {
  let open = 0;
  return {
    path: '/v1/tail',
    summary: 'What happens from now on, one JSON object per line; an empty line is a heartbeat.',
    open(response) {
      if (open >= TAILS_MAX) throw new CausewayError('OVERLOADED', `${TAILS_MAX} readers follow already`);
      open += 1;
      let timer: Timer = { cancel() {} };
      const write = (line: string): void => {
        if (response.destroyed) return;
        if (response.writableLength > TAIL_BUFFERED_BYTES_MAX) response.destroy();
        else response.write(`${line}\n`);
      };
      const beat = (): void => {
        timer = clock.after(heartbeatMs, () => {
          write('');
          beat();
        });
      };
      const unsubscribe = operations.subscribe((event) => write(JSON.stringify(event)));
      response.once('close', () => {
        open -= 1;
        timer.cancel();
        unsubscribe();
      });
      response.on('error', () => {}); // a reader that went away; `close` follows
      begin(response);
      beat();
    },
  };
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'application/x-ndjson; charset=utf-8' });
  response.flushHeaders();
}
