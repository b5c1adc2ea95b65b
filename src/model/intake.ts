import type { AckCode } from './acknowledgment.ts';
import type { ChannelId, MessageId } from './ids.ts';

/** One complete transport payload, undecoded. `bytes` are the truth and are kept unchanged. */
export interface InboundFrame {
  readonly channelId: ChannelId;
  /** Peer as `address:port`, for operators; never used for identity. */
  readonly remote: string;
  readonly receivedAtMs: number;
  readonly bytes: Buffer;
}

/** What became of a message at intake. `duplicate` stored nothing new; `refused` could not be stored (AE). */
export type Disposition = 'accepted' | 'held' | 'filtered' | 'rejected' | 'duplicate' | 'refused';

/** What intake answers to a listener. It exists only once the outcome is durable, or is a refusal that kept nothing. */
export interface IntakeResult {
  readonly disposition: Disposition;
  /** null when nothing was stored. */
  readonly messageId: MessageId | null;
  /** What became of the message, as MSA-1 of original mode. */
  readonly ackCode: AckCode;
  /** The reply payload without transport framing; empty when none is owed. */
  readonly reply: Buffer;
  /** The application acknowledgment that follows `reply` in a frame of its own (enhanced mode). */
  readonly applicationReply?: Buffer;
  /**
   * To be called once when replies are owed: whether they were handed to the system for sending. Never earlier, and
   * false when the connection is gone. Cheap, does not throw. Absent where nothing of the message is stored.
   */
  readonly settle?: (sent: boolean) => void;
}

/**
 * Takes one frame and resolves when its outcome is durable (synced) or refused; only then may the reply be sent.
 * Never rejects for data or for a failed store: those are replies (AR, AE). A rejection is a bug and ends the process.
 */
export type Intake = (frame: InboundFrame) => Promise<IntakeResult>;
