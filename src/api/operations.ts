/**
 * What the API and the CLI may ask of the running appliance. `src/app.ts` supplies it; routes only translate.
 * Lists are paged: `after` is the last id of the previous page. Only `frameOf` and `treeOf` return message content.
 */
import type { Attempt, DeliveryState, EntryHeader, Lane } from '../model/delivery.ts';
import type { CaseState, ExceptionCase } from '../model/exception-case.ts';
import type { CaseId, DestinationId, EntryId, MessageId } from '../model/ids.ts';
import type { AckCode, AckMode, AckState, AnyAckCode } from '../model/acknowledgment.ts';
import type { Disposition } from '../model/intake.ts';
import type { StoreReport, UnreadableRecord } from '../model/store-damage.ts';
import type { Problem } from '../model/problem.ts';
import type { ShownMessage } from '../viewer/tree.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';

/** Which page of a list. */
export interface PageQuery {
  /** 1 to 1,000. */
  readonly limit: number;
  readonly after?: string;
}

/** Which messages: of one channel, and with one MSH-10, byte for byte as latin1 text. */
export interface MessageQuery extends PageQuery {
  readonly controlId?: string;
  readonly channel?: string;
}

/** One page of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Pass as `after` for the next page; null at the end. */
  readonly next: string | null;
  /** What belongs between the rows, or to them, and cannot be read. */
  readonly damaged: readonly UnreadableRecord[];
}

/** A stored message without its content. */
export interface MessageRow {
  readonly messageId: MessageId;
  readonly channelId: string;
  readonly controlId: string;
  readonly messageType: string;
  readonly receivedAtMs: number;
  readonly disposition: Disposition;
  /** What became of it, as MSA-1 of original mode. */
  readonly ackCode: AckCode;
  /** MSA-1 of the replies that are owed, in their order. */
  readonly replies: readonly AnyAckCode[];
  readonly flags: readonly string[];
  readonly events: number;
  readonly bytes: number;
}

/** What a message was answered, and whether that left: two facts, independent of what became of the message. */
export interface AcknowledgmentRow {
  readonly mode: AckMode;
  /** Only in enhanced mode. `code`: MSA-1, null when not owed. */
  readonly commit: { readonly code: AnyAckCode | null; readonly state: AckState };
  /** In original mode the one reply. */
  readonly application: { readonly code: AnyAckCode | null; readonly state: AckState };
}

/** The tree of a stored message, or why it cannot be read as HL7 v2. */
export type MessageTree =
  | { readonly ok: true; readonly messageId: MessageId; readonly tree: ShownMessage }
  | { readonly ok: false; readonly messageId: MessageId; readonly problem: Problem };

/** An entry without its body; `orderingKey` is masked (it holds an account or patient number). */
export interface EntryRow extends Omit<EntryHeader, 'orderingKey' | 'fenceKeys'> {
  readonly entryId: EntryId;
  readonly destinationId: DestinationId;
  readonly lane: Lane;
  readonly state: DeliveryState;
  readonly attempts: readonly Attempt[];
  readonly receipt: string | null;
  /** Entries known to wait behind this one; null where it was not counted. */
  readonly blockedBehind: number | null;
  /** The case, or the dead letter, that it waits behind; null when nothing is known to stop it. */
  readonly blockedBy: string | null;
  /** A person put it back: it waits again, also when it was delivered before. */
  readonly waitsAgain: boolean;
}

/** A case with all that waits with it. */
export interface CaseDetail {
  readonly case: ExceptionCase;
  readonly message: MessageRow | null;
  readonly entries: readonly EntryRow[];
  readonly damaged: readonly UnreadableRecord[];
}

/** A message with the entries that came from it. */
export interface MessageDetail {
  readonly message: MessageRow;
  readonly acknowledgment: AcknowledgmentRow;
  readonly entries: readonly EntryRow[];
  readonly damaged: readonly UnreadableRecord[];
}

/** Which stored entries are sent again. */
export interface ReplayRequest {
  readonly destinationId: string;
  /** First and last message id, both inclusive. */
  readonly fromMessageId: string;
  readonly toMessageId: string;
  /** true: only count. */
  readonly dryRun: boolean;
  /** true: also where each event would become a case, because a repetition would not be recognised. */
  readonly openCases?: boolean;
}

/** What a replay found and did. */
export interface ReplayAnswer {
  /** What keeps a second effect away: the destination, a question before each event, or a person with a case. */
  readonly way: 'recognised' | 'asked-first' | 'held';
  readonly entries: number;
  readonly replayed: number;
  readonly money: readonly { readonly currency: string; readonly amount: string }[];
  /** What of the range cannot be read, and so is not sent: the first of it, and how many there are. */
  readonly damaged: readonly UnreadableRecord[];
  readonly damagedRecords: number;
}

/** One thing that happened, for `causeway tail`; no patient data. */
export type TailEvent =
  | ({ readonly type: 'message' } & MessageRow)
  | {
      readonly type: 'delivery';
      readonly atMs: number;
      readonly entryId: EntryId;
      readonly destinationId: DestinationId;
      readonly kind: string;
      readonly messageId: MessageId;
      readonly controlId: string;
      readonly state: 'posted' | 'held' | 'dead' | 'retry';
      readonly reason: string | null;
    };

/** How a check of the whole store stands. */
export interface Verification {
  readonly state: 'running' | 'done';
  /** Records read so far. */
  readonly records: number;
  /** Null while it runs. */
  readonly report: StoreReport | null;
}

/** The port that the composition implements. An unknown id reads as null, and throws where it is acted on. */
export interface Operations {
  status(): Promise<StatusSnapshot>;
  /** True once every channel accepts and the store is open. */
  isReady(): boolean;
  /** By control id: found for as long as messages are kept, at most the last 32 of one day and channel. */
  listMessages(query: MessageQuery): Promise<Page<MessageRow>>;
  showMessage(messageId: string): Promise<MessageDetail | null>;
  showEntry(entryId: string): Promise<EntryRow | null>;
  /** The frame as received, base64: patient data. Who looked is written to the log. */
  frameOf(messageId: string, by: string): Promise<{ readonly base64: string } | null>;
  /**
   * A message as a tree with names. Without `by` patient data is hidden; with it everything is shown, and who looked is
   * written to the log.
   */
  treeOf(messageId: string, by: string | null): Promise<MessageTree | null>;
  listCases(query: PageQuery & { readonly state?: CaseState; readonly cause?: string }): Promise<Page<ExceptionCase>>;
  showCase(caseId: string): Promise<CaseDetail | null>;
  /**
   * Runs the stored message through intake again, or sends the refused entry again under its key.
   * @throws NOT_FOUND, WRONG_STATE
   */
  reprocessCase(caseId: string, by: string): Promise<ExceptionCase>;
  /**
   * Closes the case without an event; its places in the outbox are discarded and later entries flow.
   * @throws NOT_FOUND, WRONG_STATE
   */
  discardCase(caseId: string, by: string, reason: string): Promise<ExceptionCase>;
  listDeadLetters(query: PageQuery & { readonly destinationId?: string }): Promise<Page<EntryRow>>;
  /** @throws NOT_FOUND, WRONG_STATE */
  replayDeadLetter(entryId: string, by: string, openCases?: boolean): Promise<EntryRow>;
  /** Sends stored entries of a message range again under their first keys. @throws NOT_FOUND, REPLAY_NOT_RECOGNISED */
  replay(request: ReplayRequest, by: string): Promise<ReplayAnswer>;
  /**
   * The bytes of a backup of this moment; ending the iteration ends it.
   * @throws WRONG_STATE while another one is taken, STORE_FAILED
   */
  backup(bytesPerSecond: number): AsyncGenerator<Buffer>;
  /**
   * Begins a check of every record, at full speed beside the traffic, or joins the one that runs. `verification` tells
   * how it stands: one that is done is the last one. @throws NOT_FOUND when none was begun
   */
  verify(): Verification;
  verification(): Verification;
  /** Calls `listener` for each thing that happens from now on; returns the function that ends it. */
  subscribe(listener: (event: TailEvent) => void): () => void;
}

export type { CaseId };
