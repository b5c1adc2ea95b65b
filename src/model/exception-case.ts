import type { CaseId, ChannelId, DestinationId, EntryId, MessageId } from './ids.ts';
import type { Problem } from './problem.ts';

/** `open` waits for a person; every other state says how the case was closed, and is final. */
export type CaseState = 'open' | 'reprocessed' | 'approved' | 'discarded';

/** A message or entry that waits for a person. Open cases never expire by themselves. */
export interface ExceptionCase {
  readonly caseId: CaseId;
  readonly state: CaseState;
  /** Groups cases with one cure: `unmapped-type MDM^T02`, `destination-refused erp validation status 422`. */
  readonly cause: string;
  readonly channelId: ChannelId;
  readonly messageId: MessageId;
  readonly controlId: string;
  readonly messageType: string;
  readonly problems: readonly Problem[];
  /** Places in the outbox that wait with this case (held entries), in sequence order. */
  readonly entryIds: readonly EntryId[];
  /** Set when a destination refused; absent when the case was opened at intake. */
  readonly destinationId?: DestinationId;
  readonly openedAtMs: number;
  readonly closedAtMs?: number;
  readonly closedBy?: string;
  /** Why it was discarded, in the words of the person who did it. */
  readonly closedReason?: string;
}
