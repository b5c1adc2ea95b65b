/**
 * The ERP of a simulation and the network before it: keeps its own books, applies each idempotency key once, and
 * misbehaves as told.
 */
import type { Sender } from '../../src/delivery/sender.ts';
import type { InboundResponse, OutboundRequest, Verdict } from '../../src/destinations/destination.ts';
import type { Chance } from './chance.ts';
import { ERP_MODES, type ErpMode } from './plan.ts';
import type { VirtualTime } from './virtual-time.ts';

type Answer = InboundResponse | Extract<Verdict, { outcome: 'refused' }>;

/** The envelope as the ERP reads it. */
export interface ReceivedEvent {
  readonly id: string;
  readonly subject: string;
  readonly correlationid?: string;
  readonly data: { readonly amount?: { readonly amount: string } };
}

/** First effect of an event, in the order of the effects. */
export interface Effect {
  readonly event: ReceivedEvent;
  readonly key: string;
}

const TIMEOUT_MS = 5_000;

export class SimulatedErp {
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #note: (line: string) => void;
  readonly #bodies = new Map<string, string>();
  readonly #appliedUnder = new Map<string, string>();
  /** Who is refused, by control id, until `isMended`. */
  readonly refusals: ReadonlyMap<string, 422 | 410>;
  isMended = false;
  mode: ErpMode | 'mixed' = 'ok';
  readonly effects: Effect[] = [];
  /** Keys that came with other content than before. */
  readonly reusedKeys: string[] = [];
  /** Events that came under another key after they had taken effect. */
  readonly repeated: { readonly id: string; readonly keys: readonly [string, string] }[] = [];
  requests = 0;

  constructor(parts: {
    readonly time: VirtualTime;
    readonly chance: Chance;
    readonly note: (line: string) => void;
    readonly refusals: ReadonlyMap<string, 422 | 410>;
  }) {
    this.#time = parts.time;
    this.#chance = parts.chance;
    this.#note = parts.note;
    this.refusals = parts.refusals;
  }

  /** The way to the ERP for one life of the appliance: what that sent before its end arrives, no answer comes back. */
  senderFor(life: { readonly ended: boolean }): Sender {
    return {
      send: (request, signal) => {
        if (life.ended) return new Promise(() => {});
        return new Promise((resolve) => {
          const answer = (given: Answer): void => {
            if (!life.ended) resolve(given);
          };
          signal.addEventListener('abort', () => answer(lost('aborted')), { once: true });
          this.#travel(request, answer);
        });
      },
      close() {},
    };
  }

  #travel(request: OutboundRequest, answer: (given: Answer) => void): void {
    this.requests += 1;
    this.#note(`sent ${request.headers['Idempotency-Key'] ?? ''}`);
    const time = this.#time;
    const mode = this.mode === 'mixed' ? this.#chance.pick(ERP_MODES) : this.mode;
    const thereMs = this.#chance.whole(1, 30);
    const backMs = this.#chance.whole(1, 30);
    time.after(TIMEOUT_MS, () => answer(lost('no complete answer in time')));
    const arrivesMs = mode === 'late' ? TIMEOUT_MS + this.#chance.whole(1, 15_000) : thereMs;
    time.after(arrivesMs, () => {
      const given = this.#take(request, mode);
      if (given !== null) time.after(backMs, () => answer(given));
    });
  }

  /** What happens at the ERP's end; null: it says nothing. */
  #take(request: OutboundRequest, mode: ErpMode): Answer | null {
    const key = request.headers['Idempotency-Key'] ?? '';
    const body = request.body.toString('utf8');
    this.#note(`erp ${mode} gets ${key} ${body.length}`);
    switch (mode) {
      case 'refused-connection':
        return { ...lost('ECONNREFUSED'), class: 'transport', retry: 'transient' };
      case 'drop-before':
        return lost('ECONNRESET');
      case 'error':
        return answerOf(500, { status: 'error' });
      case 'throttled':
        return answerOf(429, {}, { 'retry-after': String(this.#chance.whole(1, 3)) });
      case 'unavailable':
        return answerOf(503, {});
      case 'html':
        return { ...answerOf(200, {}), headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>Sign in') };
      case 'failure-in-200':
        return answerOf(200, { status: 'error' });
      case 'sign-in':
        return answerOf(401, {});
      case 'not-found':
        return answerOf(404, {});
      case 'hang':
        return null;
      default:
        return this.#work(mode, key, body);
    }
  }

  /** The modes in which the request reaches the books. */
  #work(mode: ErpMode, key: string, body: string): Answer | null {
    const answer = this.#apply(key, body, mode === 'half');
    if (mode === 'ok' || answer.status === 422 || answer.status === 410) return answer;
    if (mode === 'drop-after') return lost('ECONNRESET');
    if (mode === 'garbage-after') return { ...answer, status: 200, body: Buffer.from('{"status":"o') };
    if (mode === 'hang-after' || mode === 'late') return null;
    return answerOf(500, { status: 'error' });
  }

  /** `half`: only the first half of the events takes effect; the rest when the same request comes again. */
  #apply(key: string, body: string, half: boolean): InboundResponse {
    const events = eventsOf(body);
    const earlier = this.#bodies.get(key);
    if (earlier !== undefined && earlier !== body) this.reusedKeys.push(key);
    if (earlier === undefined) {
      const refusal = this.isMended ? undefined : this.#refusalOf(events);
      if (refusal !== undefined) return answerOf(refusal, { status: 'error' });
      this.#bodies.set(key, body);
    }
    const fresh = events.filter((event) => this.#isFresh(event, key));
    for (const event of half ? fresh.slice(0, Math.ceil(fresh.length / 2)) : fresh) {
      this.#appliedUnder.set(event.id, key);
      this.effects.push({ event, key });
      this.#note(`erp books ${event.id} of ${event.correlationid}`);
    }
    const repeats = earlier !== undefined && fresh.length === 0 && this.#chance.happens(0.5);
    return repeats ? answerOf(409, { error: 'duplicate' }) : answerOf(200, { status: 'ok' });
  }

  #isFresh({ id }: ReceivedEvent, key: string): boolean {
    const under = this.#appliedUnder.get(id);
    if (under !== undefined && under !== key) this.repeated.push({ id, keys: [under, key] });
    return under === undefined;
  }

  #refusalOf(events: readonly ReceivedEvent[]): 422 | 410 | undefined {
    for (const { correlationid = '' } of events) {
      const refusal = this.refusals.get(correlationid);
      if (refusal !== undefined) return events.length > 1 ? 422 : refusal;
    }
    return undefined;
  }
}

function eventsOf(body: string): readonly ReceivedEvent[] {
  const parsed = JSON.parse(body) as ReceivedEvent | readonly ReceivedEvent[];
  return Array.isArray(parsed) ? (parsed as readonly ReceivedEvent[]) : [parsed as ReceivedEvent];
}

const lost = (reason: string): Extract<Verdict, { outcome: 'refused' }> => ({
  outcome: 'refused',
  class: 'unknown-outcome',
  retry: 'ambiguous',
  destinationWide: true,
  retryAfterMs: null,
  reason,
});

const answerOf = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): InboundResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: Buffer.from(JSON.stringify(body)),
  truncated: false,
});
