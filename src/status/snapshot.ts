/**
 * One picture of the facility: what `GET /v1/status`, `causeway status --json` and the status view show.
 * No patient data: counts, ages, states, ids of channels and destinations only. Times are epoch ms.
 */

import type { DriftFinding } from '../model/drift.ts';
import type { StoreIdentity } from '../model/store-identity.ts';
import type { MemoryStatus } from '../model/memory.ts';
import type { DiskStatus } from '../model/disk.ts';
import type { CertificateFacts, CertificateUrgency } from '../model/certificate.ts';
import type { LastRefusal } from '../model/connection-refusal.ts';

/** Worst first: the order in which rows are shown. */
export const FLOW_STATES = ['blocked', 'behind', 'needs-attention', 'silent', 'flowing'] as const;
/** How well something flows. */
export type FlowState = (typeof FLOW_STATES)[number];

/** The whole facility. */
export interface StatusSnapshot {
  readonly facility: {
    readonly id: string;
    readonly name: string;
    readonly timezone: string;
    readonly currency: string;
  };
  readonly version: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** One sentence for a person, e.g. "ERP erp cannot be reached since 09:14; 1,204 events wait, oldest 4 min." */
  readonly verdict: { readonly state: FlowState; readonly text: string };
  readonly store: StoreStatus;
  /** Which store this is; a restored or copied one has a higher epoch. */
  readonly identity: StoreIdentity;
  readonly disk: DiskStatus;
  readonly memory: MemoryStatus;
  readonly channels: readonly ChannelStatus[];
  readonly destinations: readonly DestinationStatus[];
  /** Certificates of listeners and destinations, the first to end first. */
  readonly certificates: readonly CertificateStatus[];
  /** Open exception cases, all causes. */
  readonly openCases: number;
}

/**
 * Whether the store can write; while it cannot, nothing is accepted. `failed`: it is being opened again. `damaged`: it
 * takes no writes until a person acts; what can be read is delivered.
 */
export interface StoreStatus {
  readonly state: 'open' | 'failed' | 'damaged';
  readonly failedSinceMs: number | null;
  readonly reason: string | null;
  /** Of its records; a version that knows only older ones refuses the store. */
  readonly format: number;
  readonly encryption: EncryptionStatus;
  /** Present once records or files are known to be damaged. */
  readonly damage?: StoreDamageStatus;
}

/** Whether what is stored is encrypted. */
export interface EncryptionStatus {
  readonly state: 'on' | 'off';
  /** The configuration says it; false when it says nothing. */
  readonly chosen: boolean;
  /** Ids of the keys that stored records may need, the one that writes first. */
  readonly keys: readonly string[];
  /** What tells these keys from others, in the same order; reveals nothing of them. */
  readonly fingerprints: readonly string[];
  /** Old records being sealed with the key that writes; null when there are none. `damaged` ones cannot be opened. */
  readonly rewrite: { readonly running: boolean; readonly rewritten: number; readonly damaged: number } | null;
}

/** Damage found at the start, by the scrub or by `causeway verify`. */
export interface StoreDamageStatus {
  /** Records known to be damaged or missing. */
  readonly records: number;
  /** The first of them as text, by table and sequence; no content. */
  readonly listed: readonly string[];
}

/** The certificate of one owner and role that ends first. */
export interface CertificateStatus extends CertificateFacts {
  /** `channel clinical own`. */
  readonly id: string;
  /** `channel clinical`, `destination erp`. */
  readonly owner: string;
  readonly urgency: CertificateUrgency;
  /** Why newer files are not in use; null while the files are. */
  readonly trouble: string | null;
}

/** Who may send on a channel, and who was turned away. */
export interface ChannelPeers {
  /** `mutual-tls`: senders show certificates. */
  readonly transport: 'plain' | 'tls' | 'mutual-tls';
  /** Messages cross a network unencrypted, by choice. */
  readonly isExposed: boolean;
  /** Addresses connected now. */
  readonly addresses: number;
  /** Those of them that are not read at the moment, because they send faster than their limit. */
  readonly slowed: number;
  /** Connections refused since the start. */
  readonly refused: number;
  readonly lastRefusal: LastRefusal | null;
}

/** One channel. */
export interface ChannelStatus {
  readonly id: string;
  readonly kind: string;
  /** `127.0.0.1:2575`; null until bound. */
  readonly address: string | null;
  readonly state: FlowState;
  readonly text: string;
  readonly connections: number;
  readonly peers: ChannelPeers;
  readonly lastMessageAtMs: number | null;
  readonly receivedPerMinute: number;
  /** What differs from the learned profile since the start, the most frequent first; none without one. */
  readonly drift: readonly DriftFinding[];
  /** Since the store was provisioned (durable), except `refused`, which is since start. */
  readonly totals: {
    readonly received: number;
    readonly accepted: number;
    readonly held: number;
    readonly filtered: number;
    readonly rejected: number;
    readonly duplicate: number;
    /** Those of `received` that retention has deleted. */
    readonly expired: number;
    readonly refused: number;
  };
}

/** A control total in one currency. */
export interface MoneyTotal {
  readonly currency: string;
  /** Signed exact decimal text. */
  readonly amount: string;
}

/** One destination. */
export interface DestinationStatus {
  readonly id: string;
  readonly kind: string;
  readonly state: FlowState;
  readonly text: string;
  /** `open`: the destination does not answer; one probe at a time tries it. */
  readonly circuit: 'closed' | 'open' | 'half-open';
  readonly circuitOpenSinceMs: number | null;
  readonly nextAttemptAtMs: number | null;
  readonly lastFailure: { readonly atMs: number; readonly class: string; readonly reason: string } | null;
  readonly deliveredPerMinute: number;
  readonly lastDeliveredAtMs: number | null;
  /** Entries that go out by themselves (pending or claimed), without those behind a held or dead one. */
  readonly waiting: number;
  /** Those of `waiting` that a person put back: `posted` fell by what was replayed of them. */
  readonly waitingAgain: number;
  readonly oldestWaitingAtMs: number | null;
  readonly held: number;
  readonly dead: number;
  /** Entries that wait behind a held or dead entry of the same ordering key. */
  readonly blockedBehind: number;
  /** Since the store was provisioned. */
  readonly posted: number;
  readonly enqueued: number;
  readonly discarded: number;
  /** Those of `posted` and `discarded` whose records retention has deleted. */
  readonly expired: number;
  readonly money: {
    readonly enqueued: readonly MoneyTotal[];
    readonly posted: readonly MoneyTotal[];
    readonly held: readonly MoneyTotal[];
    readonly dead: readonly MoneyTotal[];
    readonly discarded: readonly MoneyTotal[];
    /** enqueued − posted − held − dead − discarded: waiting and blocked together. */
    readonly waiting: readonly MoneyTotal[];
  };
}
