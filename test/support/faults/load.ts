/**
 * Senders that keep their own books: one message outstanding each, the same message again after AE, a broken connection
 * or silence, and the moment of every AA.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { FakeErp } from '../fake-erp.ts';
import { charge } from '../messages.ts';
import { ackOf, connectMllp, type MllpClient } from '../mllp-client.ts';
import { until } from '../until.ts';

/** How the senders behave. */
export interface LoadOptions {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 4. */
  readonly senders?: number;
  /** Begins every control id of this load; letters. */
  readonly prefix: string;
  /** Pause between two messages of a sender; default 0. */
  readonly paceMs?: number;
  /** Longest wait for a reply; default 15,000. */
  readonly replyTimeoutMs?: number;
  /** Characters of a note that make the message larger; default 0. */
  readonly noteCharacters?: number;
}

/** A span of CLOCK_MONOTONIC, nanoseconds, in which an AA proves nothing: power was cut and not back yet. */
export interface DarkSpan {
  readonly from: bigint;
  readonly to: bigint;
}

const RETRY_MS = 25;

export class Load {
  /** Control id to the moment of its first AA, nanoseconds of CLOCK_MONOTONIC. */
  readonly acknowledged = new Map<string, bigint>();
  readonly sent = new Set<string>();
  /** Replies other than AA and AE: none of these messages deserves one. */
  readonly wrong: string[] = [];
  /** AE replies. */
  refused = 0;
  /** Longest time from the first byte to the AA of one attempt, ms. */
  slowestMs = 0;
  readonly #options: LoadOptions;
  readonly #senders: Promise<void>[];
  #stopping = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#senders = Array.from({ length: options.senders ?? 4 }, (_, sender) => this.#send(sender));
  }

  /** Ends after the present attempt of each sender, answered or not. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#senders);
  }

  /** Resolves when so many more messages are acknowledged. */
  async untilMore(count: number, timeoutMs = 60_000): Promise<void> {
    const wanted = this.acknowledged.size + count;
    await until(`${count} more messages are acknowledged`, () => this.acknowledged.size >= wanted, timeoutMs);
  }

  async #send(sender: number): Promise<void> {
    const { prefix, paceMs = 0, noteCharacters = 0 } = this.#options;
    let client: MllpClient | null = null;
    for (let number = 0; !this.#stopping; number++) {
      const controlId = `${prefix}S${sender}N${number}`;
      const note = noteCharacters === 0 ? '' : `NTE|1||${noteOf(sender * 100_003 + number, noteCharacters)}\r`;
      const payload = charge({ controlId, patient: `${prefix}${sender}`, amount: '1.25' }) + note;
      this.sent.add(controlId);
      while (!this.#stopping && !this.acknowledged.has(controlId)) {
        client = await this.#attempt(client, controlId, payload);
        if (client === null || !this.acknowledged.has(controlId)) await sleep(RETRY_MS);
      }
      if (paceMs > 0) await sleep(paceMs);
    }
    await client?.close();
  }

  async #attempt(open: MllpClient | null, controlId: string, payload: string): Promise<MllpClient | null> {
    const { port, host, replyTimeoutMs = 15_000 } = this.#options;
    let client = open;
    try {
      client ??= await connectMllp(port, host);
      const began = performance.now();
      const reply = ackOf(await client.send(payload, replyTimeoutMs));
      if (reply.code === 'AA' && reply.controlId === controlId) {
        this.acknowledged.set(controlId, process.hrtime.bigint());
        this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
      } else if (reply.code === 'AE') this.refused += 1;
      else this.wrong.push(`${controlId}: ${reply.code} ${reply.controlId} ${reply.text}`);
      return client;
    } catch {
      await client?.close();
      return null;
    }
  }
}

/** Text that does not compress well, the same for the same seed. */
function noteOf(seed: number, characters: number): string {
  let state = seed + 1;
  let note = '';
  while (note.length < characters) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    note += state.toString(36);
  }
  return note.slice(0, characters);
}

/**
 * Waits until every message that was acknowledged outside of the dark spans has its effect at the ERP, and checks that
 * nothing had two effects, came out of order, or was never sent.
 */
export async function expectDelivered(
  erp: FakeErp,
  loads: readonly Load[],
  { dark = [], timeoutMs = 60_000 }: { readonly dark?: readonly DarkSpan[]; readonly timeoutMs?: number } = {},
): Promise<void> {
  const isDark = (at: bigint) => dark.some(({ from, to }) => at >= from && at <= to);
  const owed = loads.flatMap(({ acknowledged }) => [...acknowledged].filter(([, at]) => !isDark(at)));
  expect(owed.length).toBeGreaterThan(0);
  const lost = (): readonly string[] => {
    const arrived = new Set(erp.effects.map(controlIdOf));
    return owed.map(([id]) => id).filter((id) => !arrived.has(id));
  };
  await until('everything acknowledged is delivered', () => lost().length === 0, timeoutMs).catch(() => {});
  expect({ lost: lost() }).toEqual({ lost: [] });
  const ids = erp.effects.map(controlIdOf);
  const sent = new Set(loads.flatMap((load) => [...load.sent]));
  expect({ twice: ids.filter((id, at) => ids.indexOf(id) !== at) }).toEqual({ twice: [] });
  expect({ neverSent: ids.filter((id) => !sent.has(id)) }).toEqual({ neverSent: [] });
  expect({ outOfOrder: outOfOrder(ids) }).toEqual({ outOfOrder: [] });
  expect({ reusedKeys: erp.reusedKeys }).toEqual({ reusedKeys: [] });
  expect({ wrongReplies: loads.flatMap(({ wrong }) => wrong) }).toEqual({ wrongReplies: [] });
}

const controlIdOf = (event: Readonly<Record<string, unknown>>): string => String(event.correlationid);

function outOfOrder(ids: readonly string[]): readonly string[] {
  const last = new Map<string, number>();
  return ids.filter((id) => {
    const [, sender = '', number = ''] = /^(.*)N(\d+)$/.exec(id) ?? [];
    const late = Number(number) <= (last.get(sender) ?? -1);
    if (!late) last.set(sender, Number(number));
    return late;
  });
}
