/**
 * The form of stored records that this version writes: raised by one with each migration that is appended to
 * `outbox/migrations.ts`, which tells how. A store of an older format is migrated at the start, one of a newer
 * format is refused.
 */
export const STORE_FORMAT = 1;
