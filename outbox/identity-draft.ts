/**
 * What numbers stand for while one message is judged: the links that are stored, and those that this message makes or
 * ends. Nothing is written before the message is.
 *
 * A link says that from message `since` on one number stands for another one. It is never deleted, only ended, so that
 * a message that is judged again later is understood as when it came. Links are followed (A is B, B is C: A is C) and
 * never closed to a ring: a merge into a number that itself stands for the retired one brings that number back to life.
 */
import type { Identifier, IdentityDomain, IdentityLink } from '../src/model/event.ts';
import { isLastingDamage } from '../src/platform/tolerant-reads.ts';

/** A number of another domain that ended by the same event. */
export interface IdentityPlace {
  readonly domain: IdentityDomain;
  readonly id: Identifier;
}

/** From message `since` on, up to message `until`, the number of this system stands for `to`. */
export interface IdentityLinkRecord {
  /** Assigning authority of the number that ended; absent: the sender gave none. */
  readonly system?: string;
  readonly to: Identifier;
  readonly since: number;
  readonly until?: number;
  /** What ended with it: comes back when the two patients are parted. */
  readonly others?: readonly IdentityPlace[];
}

/** Everything that is known of one number, over all its systems; oldest link first. */
export interface IdentityRecord {
  readonly domain: IdentityDomain;
  readonly value: string;
  readonly links: readonly IdentityLinkRecord[];
}

/** `ambiguous`: sent without assigning authority, and the systems differ. `limit`: more links than are followed. */
export type Survivor = Identifier | 'ambiguous' | 'limit';

/** Most links that are followed from one number. */
const CHAIN_LINKS_MAX = 1_000;
/** Most links of one number, ended ones included. */
const LINKS_MAX = 50;

/** Stands for the message that is being judged: its number is known when it is written. */
const NOW = Number.MAX_SAFE_INTEGER;

/** Whether two identifiers can be the same: senders leave the assigning authority out of some messages. */
export const maySame = (one: Identifier, other: Identifier): boolean =>
  one.value === other.value && (one.system === other.system || one.system === undefined || other.system === undefined);

export class IdentityDraft {
  readonly #stored: (domain: IdentityDomain, value: string) => IdentityRecord | null;
  /** Of a message that is judged again: just before its number, so that what it said at first is not known yet. */
  readonly #at: number;
  /** Its number; null for one that comes now. */
  readonly #message: number | null;
  #metDamage = false;
  readonly #changed = new Map<string, IdentityRecord>();
  /** What stood in `#changed` before each change of the attempts that go on. */
  readonly #before: { readonly name: string; readonly record: IdentityRecord | undefined }[] = [];
  #attempts = 0;

  /** `at`: number of the message that is judged again; null for one that comes now. */
  constructor(stored: (domain: IdentityDomain, value: string) => IdentityRecord | null, at: number | null) {
    this.#stored = stored;
    this.#message = at;
    this.#at = at === null ? NOW : at - 0.5;
  }

  /** What the number stands for; itself where nothing ended it. */
  survivorOf(domain: IdentityDomain, id: Identifier): Survivor {
    let at = id;
    for (let steps = 0; steps <= CHAIN_LINKS_MAX; steps += 1) {
      const link = this.#linkOf(domain, at);
      if (link === null) return at;
      if (link === 'ambiguous') return link;
      at = link.to;
    }
    return 'limit';
  }

  /** Every number that a value may stand for, whatever its system, itself not included. */
  survivorsOf(domain: IdentityDomain, value: string): readonly Identifier[] {
    const links = this.#record(domain, value)?.links.filter((link) => isActive(link, this.#at)) ?? [];
    return links.flatMap(({ to }) => {
      const survivor = this.survivorOf(domain, to);
      return typeof survivor === 'string' ? [to] : [survivor];
    });
  }

  /** Whether a record was damaged since it was asked last: then nobody knows what some number stands for. */
  takeDamage(): boolean {
    const metDamage = this.#metDamage;
    this.#metDamage = false;
    return metDamage;
  }

  /** Runs `change`; unless what it gives is to be kept, everything is as before. */
  attempt<Result>(change: () => Result, isKept: (result: Result) => boolean): Result {
    const start = this.#before.length;
    this.#attempts += 1;
    const result = change();
    this.#attempts -= 1;
    if (!isKept(result)) this.#takeBack(start);
    else if (this.#attempts === 0) this.#before.length = 0;
    return result;
  }

  /** Makes the links of one event. False when a number has too many links. */
  link(links: readonly IdentityLink[]): boolean {
    return links.every((link) => maySame(link.from, link.to) || this.#add(link, othersOf(link, links)));
  }

  /** Ends the link between two patients, and what ended with it. Returns the links that are no longer. */
  part([one, other]: readonly [Identifier, Identifier]): readonly IdentityLink[] {
    const from = [one, other].find((id) => this.#leadsTo('patient', id, id === one ? other : one));
    const ended = from === undefined ? null : this.#end('patient', from);
    if (from === undefined || ended === null) return [];
    const others = (ended.others ?? []).flatMap(({ domain, id }): IdentityLink[] => {
      const link = this.#linkOf(domain, id);
      if (link === null || link === 'ambiguous' || link.since !== ended.since) return [];
      this.#end(domain, id);
      return [{ domain, from: id, to: link.to }];
    });
    return [{ domain: 'patient', from, to: ended.to }, ...others];
  }

  /** The records that changed, as they are to be stored with message `message`. */
  changes(message: number): readonly IdentityRecord[] {
    const numbered = (number: number): number => (number === this.#at ? message : number);
    return [...this.#changed.values()].map((record) => ({
      ...record,
      links: record.links.map(({ until, ...link }) => ({
        ...link,
        since: numbered(link.since),
        ...(until === undefined ? {} : { until: numbered(until) }),
      })),
    }));
  }

  #add({ domain, from, to }: IdentityLink, others: readonly IdentityPlace[]): boolean {
    // More than one link where the sender named the authority in one message and not in another.
    for (let ends = 0; ends < LINKS_MAX && this.#leadsTo(domain, to, from); ends += 1)
      if (this.#end(domain, to) === null) break;
    const current = this.#linkOf(domain, from);
    if (current !== null && current !== 'ambiguous') {
      if (maySame(current.to, to)) return true;
      this.#end(domain, from);
    }
    const stored = this.#record(domain, from.value)?.links ?? [];
    // Judged again: what the message said at first is said anew, not twice.
    const first = stored.find(
      (link) => link.system === from.system && link.since === this.#message && maySame(link.to, to),
    );
    const known = stored.filter((link) => link !== first);
    const until = this.#message === null ? undefined : this.#endOf({ domain, from, to }, { known, first });
    const link: IdentityLinkRecord = {
      ...(from.system === undefined ? {} : { system: from.system }),
      ...{ to, since: this.#at },
      ...(until === undefined ? {} : { until }),
      ...(others.length === 0 ? {} : { others }),
    };
    const links = withRoom([...known, link].sort((left, right) => left.since - right.since));
    if (links === null) return false;
    this.#keep({ domain, value: from.value, links });
    return true;
  }

  /**
   * Until when a link counts that is made after younger messages were taken: one of those said something else about
   * the number, or brought it back to life.
   */
  #endOf(
    { domain, from, to }: IdentityLink,
    { known, first }: { known: readonly IdentityLinkRecord[]; first: IdentityLinkRecord | undefined },
  ): number | undefined {
    const younger = known.find(({ system, since }) => system === from.system && since > this.#at);
    const ends = [younger?.since, this.#laterLead(domain, to, from)].filter((end) => end !== undefined);
    if (first?.until !== undefined && first.until !== this.#message) ends.push(first.until);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** The first younger message from which on `id` stands for `target`. */
  #laterLead(domain: IdentityDomain, id: Identifier, target: Identifier): number | undefined {
    const moments = new Set<number>();
    const values = new Set([id.value]);
    for (const value of values) {
      for (const { to, since, until = NOW } of this.#record(domain, value)?.links ?? []) {
        if (until <= this.#at) continue;
        if (since > this.#at) moments.add(since);
        if (values.size <= CHAIN_LINKS_MAX) values.add(to.value);
      }
    }
    const inOrder = [...moments].sort((one, other) => one - other);
    return inOrder.find((moment) => this.#leadsTo(domain, id, target, moment));
  }

  /** Whether the number stands for `target`, directly or not. */
  #leadsTo(domain: IdentityDomain, id: Identifier, target: Identifier, moment = this.#at): boolean {
    let at = id;
    for (let steps = 0; steps <= CHAIN_LINKS_MAX; steps += 1) {
      const link = this.#linkOf(domain, at, moment);
      if (link === null || link === 'ambiguous') return false;
      if (maySame(link.to, target)) return true;
      at = link.to;
    }
    return false;
  }

  #end(domain: IdentityDomain, id: Identifier): IdentityLinkRecord | null {
    const record = this.#record(domain, id.value);
    const link = record === null ? null : this.#linkIn(record, id);
    if (record === null || link === null || link === 'ambiguous') return null;
    const links = record.links.map((other) => (other === link ? { ...other, until: this.#at } : other));
    this.#keep({ ...record, links });
    return link;
  }

  #linkOf(domain: IdentityDomain, id: Identifier, moment = this.#at): IdentityLinkRecord | 'ambiguous' | null {
    const record = this.#record(domain, id.value);
    return record === null ? null : this.#linkIn(record, id, moment);
  }

  #linkIn({ links }: IdentityRecord, id: Identifier, moment = this.#at): IdentityLinkRecord | 'ambiguous' | null {
    const active = links.filter((link) => isActive(link, moment));
    if (active.length === 0) return null;
    const exact = active.findLast(({ system }) => system === id.system);
    if (exact !== undefined) return exact;
    const [first, ...more] = active.filter(({ system }) => system === undefined || id.system === undefined);
    if (first === undefined) return null;
    return more.every(({ to }) => maySame(to, first.to)) ? first : 'ambiguous';
  }

  #record(domain: IdentityDomain, value: string): IdentityRecord | null {
    const changed = this.#changed.get(`${domain}!${value}`);
    if (changed !== undefined) return changed;
    try {
      return this.#stored(domain, value);
    } catch (error) {
      if (!isLastingDamage(error)) throw error;
      this.#metDamage = true;
      return null;
    }
  }

  #keep(record: IdentityRecord): void {
    const name = `${record.domain}!${record.value}`;
    if (this.#attempts > 0) this.#before.push({ name, record: this.#changed.get(name) });
    this.#changed.set(name, record);
  }

  #takeBack(start: number): void {
    for (const { name, record } of this.#before.splice(start).reverse()) {
      if (record === undefined) this.#changed.delete(name);
      else this.#changed.set(name, record);
    }
  }
}

const isActive = ({ since, until }: IdentityLinkRecord, moment: number): boolean =>
  since <= moment && (until === undefined || until > moment);

/** What ended with a link: numbers of the other domains of the same event. */
const othersOf = ({ domain }: IdentityLink, links: readonly IdentityLink[]): IdentityPlace[] =>
  links.flatMap((other) => (other.domain === domain ? [] : [{ domain: other.domain, id: other.from }]));

/** At most `LINKS_MAX`: the oldest ended ones go. null when they are all in force. */
function withRoom(links: readonly IdentityLinkRecord[]): readonly IdentityLinkRecord[] | null {
  const over = links.length - LINKS_MAX;
  if (over <= 0) return links;
  const gone = new Set(links.filter(({ until }) => until !== undefined).slice(0, over));
  return gone.size < over ? null : links.filter((link) => !gone.has(link));
}
