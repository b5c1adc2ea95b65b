/**
 * The numbered steps that bring the records of an older store into the present form. The list is only ever appended to:
 * a store of any older version is opened by any newer one.
 *
 * How to add one:
 * 1. Raise `STORE_FORMAT` (`src/model/store-format.ts`) by one.
 * 2. Append `{ to: STORE_FORMAT's new value, what, tables, upgrade }` to `MIGRATIONS`. Keep the code that reads the old
 *    form beside it, written out there: `records.ts` knows the present form only, and will change again.
 * 3. Add a test with a record written in the old form, byte for byte as the older version wrote it, next to those in
 *    `test/unit/outbox/migrations.test.ts`. Never change a step that was released.
 *
 * `upgrade` gets one record and gives what stands in its place: itself in its new form, under another key, several, or
 * none. It must depend on nothing else: it may run on any record at any time, once. A new key must be one
 * that no record of the older form has. Each record carries the format in which it was written, so one that has the new
 * form already never comes. A record that is damaged is passed over and stays what it was before: damage that the scrub
 * tells.
 *
 * The store is migrated before anything is read from it or taken in (`migrate.ts`), at some ten thousand records a
 * second, so a step over a table of messages or entries delays the first start: millions take minutes. When only new
 * records gain by a new form and the old one is cheap to read, read both instead of migrating.
 */

/** A record without its envelope. */
export interface StoredRecord {
  readonly key: string;
  /** The record's own number, kept in its envelope. */
  readonly sequence: number;
  readonly payload: Buffer;
}

/** One step. */
export interface Migration {
  /** The format that it makes out of the one before. */
  readonly to: number;
  /** For the log: what changes, in a few words. */
  readonly what: string;
  /** How the keys of the records begin that it changes, with the `!`: those of whole tables, such as `e!`. */
  readonly tables: readonly string[];
  readonly upgrade: (record: StoredRecord) => readonly StoredRecord[];
}

/** Every step there is, oldest first: `to` is 2, 3, … up to `STORE_FORMAT`. */
export const MIGRATIONS: readonly Migration[] = [];
