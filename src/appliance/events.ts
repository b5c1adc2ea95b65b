/** What happens in the appliance, for `causeway tail`. A listener must be cheap and must not throw. */
import type { TailEvent } from '../api/operations.ts';

/** Hands each event to everybody who follows, in order; keeps none, so who comes later sees only what follows. */
export class EventFeed {
  readonly #listeners = new Set<(event: TailEvent) => void>();

  /** True when somebody follows: events need not be built otherwise. */
  get isFollowed(): boolean {
    return this.#listeners.size > 0;
  }

  subscribe(listener: (event: TailEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(event: TailEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
