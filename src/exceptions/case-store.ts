/**
 * Exception cases on disk: messages and entries that wait for a person. Every method only adds to a batch, so a case
 * appears and disappears together with what it is about.
 */
import { caseKey, endOf, openCaseKey, sequenceOfKey } from '../../outbox/keys.ts';
import { type NumberedPage, numberedPage, type UnreadableNumber } from '../../outbox/numbered-page.ts';
import { decodeJson, encodeJson } from '../../outbox/records.ts';
import type { Totals } from '../../outbox/totals.ts';
import type { CaseState, ExceptionCase } from '../model/exception-case.ts';
import { type CaseId, caseIdOf, sequenceOfId } from '../model/ids.ts';
import type { Database, WriteBatch } from '../platform/database.ts';
import { isDamaged, isReadError } from '../platform/tolerant-reads.ts';

const OPEN_PAGE = 256;

/** The facts of a case at its opening; id and state are given by the store. */
export type NewCase = Omit<ExceptionCase, 'caseId' | 'state'>;

/** How a case was closed, when, by whom, and for a discarded one why. */
export interface CaseEnd {
  readonly state: CaseState;
  readonly atMs: number;
  readonly by: string;
  readonly reason?: string;
}

/** Cases in order, and the numbers between them that cannot be read. */
export interface CasePage extends Omit<NumberedPage, 'rows'> {
  readonly cases: readonly ExceptionCase[];
}

export class CaseStore {
  readonly #database: Database;
  readonly #totals: Totals;

  constructor(database: Database, totals: Totals) {
    this.#database = database;
    this.#totals = totals;
  }

  allocate(): CaseId {
    return caseIdOf(this.#totals.allocate('case'));
  }

  open(batch: WriteBatch, caseId: CaseId, facts: NewCase): ExceptionCase {
    const opened: ExceptionCase = { caseId, state: 'open', ...facts };
    const sequence = sequenceOf(caseId);
    batch.put(caseKey(sequence), sequence, encodeJson(opened));
    batch.put(openCaseKey(sequence), sequence, Buffer.alloc(0));
    batch.onJoin.push(() => {
      this.#totals.commit('case', sequence);
      this.#totals.addOpenCases(1);
    });
    return opened;
  }

  /** Rewrites an open case, e.g. with the problems of a further try. */
  update(batch: WriteBatch, updated: ExceptionCase): void {
    const sequence = sequenceOf(updated.caseId);
    batch.put(caseKey(sequence), sequence, encodeJson(updated));
  }

  close(batch: WriteBatch, open: ExceptionCase, end: CaseEnd): ExceptionCase {
    const sequence = sequenceOf(open.caseId);
    const closed: ExceptionCase = {
      ...open,
      state: end.state,
      closedAtMs: end.atMs,
      closedBy: end.by,
      ...(end.reason === undefined ? {} : { closedReason: end.reason }),
    };
    batch.put(caseKey(sequence), sequence, encodeJson(closed));
    batch.delete(openCaseKey(sequence));
    batch.onJoin.push(() => this.#totals.addOpenCases(-1));
    return closed;
  }

  /** Deletes a closed case for good. */
  expire(batch: WriteBatch, sequence: number): void {
    batch.delete(caseKey(sequence));
  }

  /** The number inside a case id, from 1. */
  numberOf(caseId: CaseId): number {
    return sequenceOf(caseId);
  }

  get(caseId: string): ExceptionCase | null {
    const sequence = sequenceOfId(caseId, 'x');
    const payload = sequence === null ? undefined : this.#database.get(caseKey(sequence));
    return payload === undefined ? null : decodeJson(payload);
  }

  /**
   * A page of cases with a number above `after`, oldest first; what cannot be read is named. `openOnly`: through the
   * index of open cases, as long as that can be read; closed ones may be among them.
   */
  async page(after: number, { limit, openOnly }: { limit: number; openOnly: boolean }): Promise<CasePage> {
    const open = openOnly ? await this.#openPage(after, limit) : null;
    if (open !== null) return open;
    const [low, high] = [this.#totals.low('case'), this.#totals.committed('case')];
    const table = { prefix: 'x!', key: caseKey, low, high };
    const { rows, ...rest } = await numberedPage(this.#database, table, { after, limit });
    return { cases: rows.map((row) => decodeJson<ExceptionCase>(row.payload)), ...rest };
  }

  /**
   * Open cases whose record is damaged or gone, in order; not those that the disk only cannot read at the moment.
   * @throws CausewayError `STORE_FAILED`
   */
  async lostOpen(): Promise<readonly CaseId[]> {
    const lost: CaseId[] = [];
    for (let gte = openCaseKey(1); ; ) {
      const { rows } = await this.#database.scan({ gte, lt: endOf('xo!'), limit: OPEN_PAGE });
      const numbers = rows.map(({ key }) => sequenceOfKey(key));
      for (const [at, row] of this.#database.readEach(numbers.map(caseKey)).entries()) {
        if (row === undefined || (isDamaged(row) && !isReadError(row))) lost.push(caseIdOf(numbers[at] ?? 0));
      }
      const last = numbers.at(-1);
      if (last === undefined) return lost;
      gte = openCaseKey(last + 1);
    }
  }

  /** null: a part of the index cannot be read, so every case must be looked at. */
  async #openPage(after: number, limit: number): Promise<CasePage | null> {
    const range = { gte: openCaseKey(after + 1), lt: endOf('xo!'), limit };
    const { rows: index, isWhole } = await this.#database.scan(range);
    if (!isWhole) return null;
    const numbers = index.map(({ key }) => sequenceOfKey(key));
    const cases: ExceptionCase[] = [];
    const damaged: UnreadableNumber[] = [];
    for (const [at, row] of this.#database.readEach(numbers.map(caseKey)).entries()) {
      const sequence = numbers[at] ?? 0;
      if (row === undefined) damaged.push({ sequence, what: 'missing' });
      else if (isDamaged(row)) damaged.push({ sequence, what: row.damage });
      else cases.push(decodeJson<ExceptionCase>(row.payload));
    }
    return { cases, damaged, last: numbers.at(-1) ?? null };
  }
}

const sequenceOf = (caseId: CaseId): number => sequenceOfId(caseId, 'x') ?? 0;
