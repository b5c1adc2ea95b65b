/**
 * How full the disk of the store is, worst last: `warn` is only told, `refusing` answers AE, `paused` reads no socket.
 * `read-only`: the file system takes no write at all; answered AE.
 */
export const DISK_STATES = ['plenty', 'warn', 'refusing', 'paused', 'read-only'] as const;
export type DiskState = (typeof DISK_STATES)[number];

/** The disk of the store, as status and metrics show it. */
export interface DiskStatus {
  readonly state: DiskState;
  /** Free for the store, in bytes: what the reserve is still to take again is not counted. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
  /** null where the file system has no fixed number of files. */
  readonly freeInodes: number | null;
  /** What the reserve holds now, in bytes. */
  readonly reserveBytes: number;
  /** Hours until messages are refused if the disk goes on filling as observed; null while it does not fill. */
  readonly hoursToFull: number | null;
}
