/**
 * The sequence number protocol (HL7 v2.5.1 §2.10.1) of one channel with one sender: MSH-13 counts the messages, MSA-4
 * says which number is expected.
 *
 * - a positive number in turn is judged as ever; when the message is taken, the next number is stored in its batch. The
 *   reply echoes the number;
 * - a number out of turn is refused with AE (CE) and the expected number, whatever the message holds;
 * - 0 begins the link: answered AA with the expected number, or -1 when any number may begin. -1 sets it anew: the next
 *   positive number is taken as it comes. Nothing that such a message holds is taken; it may be an MSH alone;
 * - a message without a number is judged as ever and changes nothing; so is one inside a batch.
 *
 * A repetition is recognised before (same bytes under the same control id): it gets the reply of the first time.
 */
import { expectedKey } from '../../outbox/keys.ts';
import { decodeJson, encodeJson } from '../../outbox/records.ts';
import type { MessageHeader } from '../hl7/header.ts';
import type { ChannelId } from '../model/ids.ts';
import type { Problem } from '../model/problem.ts';
import type { Database, WriteBatch } from '../platform/database.ts';
import { isLastingDamage } from '../platform/tolerant-reads.ts';
import { type Judgment, settled } from './judge.ts';
import type { Understood } from './understand.ts';

/**
 * Where a message stands. `next`: the number that follows when the message is taken; null: any number may follow;
 * undefined: no change.
 */
export interface SequencePlace {
  /** What is said of the message instead of judging it; null: it is judged. */
  readonly judgment: Judgment | null;
  /** MSA-4; undefined: nothing is said. */
  readonly expected: string | undefined;
  readonly next: number | null | undefined;
}

interface ExpectedRecord {
  /** null: the next positive number is taken as it comes. */
  readonly next: number | null;
}

const UNNUMBERED: SequencePlace = { judgment: null, expected: undefined, next: undefined };
/** NM without decimals; larger ones could not be counted on. */
const NUMBER = /^[+-]?[0-9]{1,15}$/;

/** The numbers of one channel; null where they are not checked. */
export class SequenceLink {
  readonly #database: Database;
  readonly #key: string;
  /** As it is after all messages in work; undefined: as stored. */
  #next: number | null | undefined;

  constructor(database: Database, channelId: ChannelId) {
    this.#database = database;
    this.#key = expectedKey(channelId);
  }

  /** It only asks for the expected number (MSH-13 is 0): a repetition of it is told the number of now. */
  static isEnquiry(header: MessageHeader): boolean {
    const text = textOf(header);
    return NUMBER.test(text) && Number(text) === 0;
  }

  /** Where the message stands. @throws CausewayError `STORE_FAILED`, `STORE_DAMAGED` (read error) */
  place(header: MessageHeader): SequencePlace {
    const text = textOf(header);
    if (text === '' || text === '""') return UNNUMBERED;
    const expected = this.#expected();
    const said = expected === null ? '-1' : String(expected);
    if (!NUMBER.test(text)) return refused(said, 'MSH-13 is no sequence number; expected digits.');
    const number = Number(text);
    if (number === 0)
      return {
        judgment: settled('filtered', `The link begins; expected sequence number: ${said}.`),
        expected: said,
        next: undefined,
      };
    if (number === -1)
      return {
        judgment: settled('filtered', 'The link is set anew; the next sequence number is taken as it comes.'),
        expected: '-1',
        next: null,
      };
    if (number > 0 && (expected === null || number === expected))
      return { judgment: null, expected: String(number), next: number + 1 };
    return refused(said, `MSH-13 is out of turn; expected sequence number ${said}.`);
  }

  /** When the message is taken, what follows is stored with it, and counts at once for the messages behind it. */
  advance(writes: WriteBatch, { judgment, inSequence }: Pick<Understood, 'judgment' | 'inSequence'>): void {
    const next = inSequence?.next;
    if (next === undefined || judgment.disposition === 'rejected') return;
    this.#next = next;
    writes.put(this.#key, 0, encodeJson({ next } satisfies ExpectedRecord));
  }

  /** Writes were refused: only what is stored counts. */
  forget(): void {
    this.#next = undefined;
  }

  #expected(): number | null {
    if (this.#next === undefined) {
      const stored = this.#stored();
      this.#next = stored === undefined ? null : decodeJson<ExpectedRecord>(stored).next;
    }
    return this.#next;
  }

  /** Where the number is damaged any one may follow: a sender that asks is told so (-1). */
  #stored(): Buffer | undefined {
    try {
      return this.#database.get(this.#key);
    } catch (error) {
      if (isLastingDamage(error)) return undefined;
      throw error;
    }
  }
}

const textOf = (header: MessageHeader): string => header.field(13).trim();

function refused(expected: string, text: string): SequencePlace {
  const problem: Problem = { code: 'sequence-number', path: 'MSH-13', text };
  const judgment: Judgment = {
    ...settled('rejected', `Not accepted: ${text}`),
    ackCode: 'AE',
    problems: [problem],
  };
  return { judgment, expected, next: undefined };
}
