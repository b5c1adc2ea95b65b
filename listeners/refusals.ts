/** Tells of refused connections without flooding: each is counted, at most one a minute per reason is logged. */
import type { ConnectionRefusal } from '../src/model/connection-refusal.ts';
import { CONNECTION_REFUSALS } from '../src/model/connection-refusal.ts';
import type { ListenerContext } from './listener.ts';

const LOG_EVERY_MS = 60_000;

/** The refusals of one listener. */
export class Refusals {
  readonly #context: ListenerContext;
  /** When a reason was logged last (monotonic), and how many came since. */
  readonly #logged = new Map<ConnectionRefusal, { atMs: number; since: number }>();

  constructor(context: ListenerContext) {
    this.#context = context;
  }

  /** `detail`: a code of the TLS library. */
  tell({ reason, remote, detail }: { reason: ConnectionRefusal; remote: string; detail?: string }): void {
    const { observe, clock, log, channelId } = this.#context;
    observe.connectionRefused(reason);
    const nowMs = clock.monotonicMs();
    const logged = this.#logged.get(reason);
    if (logged !== undefined && nowMs - logged.atMs < LOG_EVERY_MS) {
      logged.since += 1;
      return;
    }
    const count = (logged?.since ?? 0) + 1;
    this.#logged.set(reason, { atMs: nowMs, since: 0 });
    const { text, hint } = CONNECTION_REFUSALS[reason];
    const code = detail === undefined ? {} : { class: detail };
    log.warn(`a connection was refused: ${text}`, { channel: channelId, remote, reason, ...code, count, hint });
  }
}
