/**
 * Seals every record anew that was written before encryption was switched on, or under an older key: in the background,
 * at a bounded rate, going on after a restart where it was. At its end only the key that writes is needed.
 *
 * Its writes have no sync of their own, and a store that failed may come back without the last of them. So an old key
 * is given up only after one more pass over the whole store found nothing to seal. That pass begins with a sync: what
 * it saw cannot be lost behind it.
 *
 * A record is read and written again inside one group that holds nothing else: nothing is in flight at that moment, so
 * no newer version can be overwritten by an older one. What cannot be opened stays as it is and is counted; its key
 * stays in use.
 */
import { CausewayError } from '../src/model/errors.ts';
import type { Clock, Timer } from '../src/model/clock.ts';
import { type Database, WriteBatch } from '../src/platform/database.ts';
import type { KeyRegister, RewriteProgress } from '../src/platform/key-register.ts';
import type { Log } from '../src/platform/log.ts';
import type { FrameStore } from './frames.ts';
import type { IdentityIndex } from './identity-index.ts';

/** Keys looked at in one page; most of a page costs one read. */
const PAGE = 256;
/** Records of one group: it holds the event loop for about a millisecond. */
const GROUP = 32;
const PAUSE_MS = { page: 5, failed: 1_000 };
const FIRST_KEY = '"';
const END = '\u007f';

/** What the sealing anew works on. */
export interface RewriteParts {
  readonly database: Database;
  readonly register: KeyRegister;
  readonly frames: FrameStore;
  readonly identities: IdentityIndex;
  readonly clock: Clock;
  readonly log: Log;
  /** Most records in a second. */
  readonly perSecond: number;
}

/** The background work of one encrypted store; `start` once, after the store was opened. */
export class Rewrite {
  readonly #parts: RewriteParts;
  #progress: RewriteProgress;
  /** Whether this pass has seen the whole store from its beginning, and how many records it sealed anew. */
  #pass = { isWhole: false, sealed: 0 };
  #stopped = false;
  #pause: { readonly timer: Timer; readonly resolve: () => void } | null = null;
  #running: Promise<void> | null = null;

  constructor(parts: RewriteParts) {
    this.#parts = parts;
    this.#progress = parts.register.progress;
  }

  get progress(): RewriteProgress {
    return this.#progress;
  }

  /** True while it is at work. */
  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Does nothing when every record is sealed with the key that writes. `onBug` gets what must not be. */
  start(onBug: (error: unknown) => void): void {
    if (this.#parts.register.isComplete || this.#running !== null) return;
    this.#running = this.#run()
      .catch(onBug)
      .finally(() => {
        this.#running = null;
      });
  }

  /** Resolves when nothing is read or written any more; the place is kept. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pause?.timer.cancel();
    this.#pause?.resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log, register } = this.#parts;
    const key = register.usedKeys[0] ?? '';
    log.info('stored records are sealed with the present key in the background', { key });
    while (!this.#stopped) {
      try {
        if (await this.#page()) break;
      } catch (error) {
        // The store failed or was damaged below: its own recovery is under way, and this goes on behind it.
        if (!(error instanceof CausewayError)) throw error;
        await this.#wait(PAUSE_MS.failed);
        this.#goBack();
      }
    }
    if (this.#stopped) return;
    const { rewritten, damaged } = this.#progress;
    if (register.isComplete) log.info('every stored record is sealed with the present key', { key, count: rewritten });
    else log.error('some stored records cannot be opened: their old key must stay configured', { key, count: damaged });
  }

  /** What was done since the place that the store holds may be lost: from there again. */
  #goBack(): void {
    this.#pass = { isWhole: false, sealed: 0 };
    if (this.#parts.database.state !== 'open') return;
    this.#parts.register.reload();
    this.#progress = this.#parts.register.progress;
  }

  /** One page; true at the end of the last pass. */
  async #page(): Promise<boolean> {
    const { database, register, perSecond } = this.#parts;
    const { after } = this.#progress;
    const gte = after === '' ? FIRST_KEY : `${after}\u0001`;
    const { keys, last } = await database.outdated({ gte, lt: END, limit: PAGE });
    for (let at = 0; at < keys.length && !this.#stopped; at += GROUP) {
      const group = keys.slice(at, at + GROUP);
      await this.#sealAnew(group);
      this.#progress = { ...this.#progress, after: group.at(-1) ?? after };
      await this.#wait((group.length * 1_000) / perSecond);
    }
    if (this.#stopped) return false;
    if (last !== null) {
      this.#progress = { ...this.#progress, after: last };
      await register.keepProgress(this.#progress, 'written');
      await this.#wait(PAUSE_MS.page);
      return false;
    }
    if (!this.#pass.isWhole || this.#pass.sealed > 0) return this.#passAgain();
    // Deleted and overwritten values stay in the files until they are compacted: only then the old ones are gone.
    await database.compact(FIRST_KEY, END);
    if (this.#progress.damaged === 0) await register.complete(this.#progress);
    else await register.keepProgress(this.#progress, 'written');
    return true;
  }

  /** From the beginning, once all that was sealed is durable. */
  async #passAgain(): Promise<false> {
    this.#progress = { ...this.#progress, after: '', damaged: 0 };
    await this.#parts.register.keepProgress(this.#progress, 'synced');
    this.#pass = { isWhole: true, sealed: 0 };
    return false;
  }

  async #sealAnew(keys: readonly string[]): Promise<void> {
    const { database, frames, identities } = this.#parts;
    const batch = new WriteBatch({ alone: true });
    let rewritten = 0;
    let damaged = 0;
    batch.onJoin.push(() => {
      for (const key of keys) {
        try {
          if (!frames.blindControlId(batch, key) && !identities.blind(batch, key)) database.rewrite(batch, key);
          rewritten += 1;
        } catch (error) {
          if (!(error instanceof CausewayError)) throw error;
          damaged += 1;
        }
      }
    });
    await database.commit(batch, 'written');
    this.#pass = { ...this.#pass, sealed: this.#pass.sealed + rewritten };
    const { progress } = this;
    this.#progress = { ...progress, rewritten: progress.rewritten + rewritten, damaged: progress.damaged + damaged };
  }

  #wait(delayMs: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#pause = { timer: this.#parts.clock.after(delayMs, resolve), resolve };
    });
  }
}
