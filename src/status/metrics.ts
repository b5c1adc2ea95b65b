/**
 * The metric catalogue: every number that `/metrics` shows, with its labels and unit. `docs/metrics.md` is generated
 * from it (`metrics-page.ts`), and `registry.ts` gives typed access, so a metric that is not here cannot be counted.
 *
 * Names follow the Prometheus naming practice: one prefix, base units, `_total` for counters. Labels are small and
 * closed (ids of the configuration, words of unions in the code); never a control id, account or patient number.
 */

interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What one unit of the value is. */
  readonly unit:
    | 'messages'
    | 'frames'
    | 'bytes'
    | 'connections'
    | 'seconds'
    | 'records'
    | 'failures'
    | 'entries'
    | 'attempts'
    | 'cases'
    | 'waits'
    | 'hours'
    | 'state';
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram, in `unit`. */
  readonly buckets?: readonly number[];
}

/** From a fast disk's sync to a stalled one, in seconds. */
const COMMIT_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
/** From the next tick to a destination that was away for a day, in seconds. */
const DELIVERY_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400] as const;

/** Name → what it measures. A metric that is not here cannot be counted. */
export const METRICS = {
  causeway_messages_total: {
    type: 'counter',
    unit: 'messages',
    labels: ['channel', 'disposition'],
    help: 'Messages answered, by what became of them at intake.',
  },
  causeway_messages_flagged_total: {
    type: 'counter',
    unit: 'messages',
    labels: ['channel', 'flag'],
    help: 'Stored messages with a remark, by remark: character sets, lost characters, limits, batches, control ids.',
  },
  causeway_ack_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['channel'],
    help: 'From the last byte of a frame to its reply being durable and handed to the socket.',
    buckets: COMMIT_SECONDS,
  },
  causeway_frames_refused_total: {
    type: 'counter',
    unit: 'frames',
    labels: ['channel', 'reason'],
    help: 'Frames that the listener ended: too large, too slow, empty, too much memory.',
  },
  causeway_connections_refused_total: {
    type: 'counter',
    unit: 'connections',
    labels: ['channel', 'reason'],
    help: 'Connections closed before a frame of theirs was taken, by reason (`causeway explain REASON`).',
  },
  causeway_senders_slowed_total: {
    type: 'counter',
    unit: 'waits',
    labels: ['channel'],
    help: 'Times an address was not read for a while, because it sent faster than `listener.perAddress` allows.',
  },
  causeway_certificate_not_after_timestamp_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['owner', 'role'],
    help: 'When the certificate that ends first ends (Unix time), by owner and role: own, or authority (CAs).',
  },
  causeway_certificate_trouble: {
    type: 'gauge',
    unit: 'state',
    labels: ['owner'],
    help: '1 while new certificate files cannot be used and the ones before stay in use, else 0.',
  },
  causeway_replies_unsent_total: {
    type: 'counter',
    unit: 'messages',
    labels: ['channel'],
    help: 'Stored messages whose reply could not be handed to the sender, because its connection was gone.',
  },
  causeway_profile_drift_total: {
    type: 'counter',
    unit: 'messages',
    labels: ['channel', 'kind'],
    help: 'Differences from the learned profile: a sender, type, version, charset, Z-segment or FT1-6, field missing.',
  },
  causeway_stray_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['channel'],
    help: 'Bytes received outside any frame and dropped.',
  },
  causeway_connections: {
    type: 'gauge',
    unit: 'connections',
    labels: ['channel'],
    help: 'Senders connected now.',
  },
  causeway_commit_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    help: 'Duration of one synced write of the store.',
    buckets: COMMIT_SECONDS,
  },
  causeway_commit_records: {
    type: 'histogram',
    unit: 'records',
    labels: [],
    help: 'Records that shared one synced write.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096],
  },
  causeway_store_failures_total: {
    type: 'counter',
    unit: 'failures',
    labels: [],
    help: 'Times the store could not write and was closed, opened and probed again.',
  },
  causeway_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: ['kind'],
    help: 'Held by the process: heap, or external (buffers beside it). Resident memory also counts page cache.',
  },
  causeway_disk_free_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Free on the disk of the store, without what the reserve is still to take.',
  },
  causeway_disk_reserve_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Held by the reserve, which is released when the disk is full.',
  },
  causeway_disk_hours_to_full: {
    type: 'gauge',
    unit: 'hours',
    labels: [],
    help: 'Hours until messages are refused if the disk goes on filling as observed; +Inf while it does not fill.',
  },
  causeway_disk_state: {
    type: 'gauge',
    unit: 'state',
    labels: ['state'],
    help: '1 for the present state of the disk: plenty, warn, refusing (AE), paused (sockets not read), read-only.',
  },
  causeway_store_damaged_records: {
    type: 'gauge',
    unit: 'records',
    labels: [],
    help: 'Stored records found damaged or missing by the scrub or by `causeway verify`; 0 while none is known.',
  },
  causeway_outbox_entries: {
    type: 'gauge',
    unit: 'entries',
    labels: ['destination', 'state'],
    help: 'Entries not yet posted: waiting, held, dead, or blocked behind a held or dead one.',
  },
  causeway_outbox_oldest_age_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['destination'],
    help: 'Age of the oldest waiting entry; 0 when nothing waits.',
  },
  causeway_deliveries_total: {
    type: 'counter',
    unit: 'entries',
    labels: ['destination', 'outcome'],
    help: 'Entries settled, by outcome: posted, held, dead, discarded.',
  },
  causeway_delivery_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['destination'],
    help: 'From the commit of an entry to the destination having posted it.',
    buckets: DELIVERY_SECONDS,
  },
  causeway_delivery_attempts_total: {
    type: 'counter',
    unit: 'attempts',
    labels: ['destination', 'class'],
    help: 'Requests sent, by how they ended: posted, or the class of the refusal.',
  },
  causeway_circuit_open: {
    type: 'gauge',
    unit: 'state',
    labels: ['destination'],
    help: '1 while the destination does not answer and one probe at a time tries it, else 0.',
  },
  causeway_exception_cases: {
    type: 'gauge',
    unit: 'cases',
    labels: ['state'],
    help: 'Exception cases, by state.',
  },
  causeway_retention_deleted_total: {
    type: 'counter',
    unit: 'records',
    labels: ['table'],
    help: 'Records that ended long ago and were deleted: messages, entries (each with its outcome), cases.',
  },
  causeway_build_info: {
    type: 'gauge',
    unit: 'state',
    labels: ['version', 'node'],
    help: 'Always 1; the labels say which version of the product and of its runtime is running.',
  },
} as const satisfies Record<string, MetricSpec>;

export type MetricName = keyof typeof METRICS;

type NameOf<Type extends MetricSpec['type']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never;
}[MetricName];

/** Metrics that only grow. */
export type CounterName = NameOf<'counter'>;
/** Metrics that go up and down. */
export type GaugeName = NameOf<'gauge'>;
/** Metrics that count observations per bucket. */
export type HistogramName = NameOf<'histogram'>;

/** The labels of a metric, all of them required. */
export type LabelsOf<Name extends MetricName> = Readonly<Record<(typeof METRICS)[Name]['labels'][number], string>>;
