/**
 * The client half of `causeway.v1` without the socket: keeps the picture and its sequence, and says what to do next.
 */
import type { StatusSnapshot } from '../status/snapshot.ts';
import type { Json } from '../status/patch.ts';
import { applyPatch } from './patch.ts';

/** The status without its moment, which travels beside it. */
export type Picture = Omit<StatusSnapshot, 'nowMs'>;

export type ServerMessage =
  | { readonly t: 'snap'; readonly epoch: string; readonly seq: number; readonly nowMs: number; readonly data: Json }
  | { readonly t: 'd'; readonly seq: number; readonly nowMs: number; readonly patch: Json }
  | { readonly t: 'beat'; readonly seq: number; readonly nowMs: number };

export interface Hello {
  readonly t: 'hello';
  readonly topics: readonly ['status'];
  readonly from?: { readonly epoch: string; readonly seq: number };
}

/** What a message did: changed or confirmed the picture, showed a gap (say hello again), or was old. */
export type Heard = 'current' | 'gap' | 'old';

export class PictureKeeper {
  #data: Json | undefined;
  #epoch = '';
  #seq = 0;

  get picture(): Picture | null {
    return this.#data === undefined ? null : (this.#data as unknown as Picture);
  }

  /** Asks for what is missing, or for everything. */
  hello(): Hello {
    const hello = { t: 'hello', topics: ['status'] } as const;
    return this.#data === undefined ? hello : { ...hello, from: { epoch: this.#epoch, seq: this.#seq } };
  }

  hear(message: ServerMessage): Heard {
    switch (message.t) {
      case 'snap':
        this.#data = message.data;
        this.#epoch = message.epoch;
        this.#seq = message.seq;
        return 'current';
      case 'd':
        if (message.seq <= this.#seq) return 'old';
        if (this.#data === undefined || message.seq !== this.#seq + 1) return 'gap';
        this.#data = applyPatch(this.#data, message.patch);
        this.#seq = message.seq;
        return 'current';
      case 'beat':
        return this.#data !== undefined && message.seq === this.#seq ? 'current' : 'gap';
    }
  }
}
