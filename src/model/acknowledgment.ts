/**
 * HL7 table 0008 (v2.5.1 ch. 2, MSA-1), original mode and application acknowledgment: AA accepted and stored, AE not
 * accepted this time – not stored, or an error in what it says (§2.9.2.2) on a channel that refuses these – AR never
 * acceptable.
 */
export type AckCode = 'AA' | 'AE' | 'AR';

/** The same in a commit acknowledgment of enhanced mode (§2.9.3): CA in safe storage, CE not this time, CR never. */
export type CommitCode = 'CA' | 'CE' | 'CR';

/** What MSA-1 of a reply may say. */
export type AnyAckCode = AckCode | CommitCode;

/** `original`: one reply. `enhanced`: a commit and an application acknowledgment, each only when it is asked for. */
export type AckMode = 'original' | 'enhanced';

/** Which replies a message is owed; null: none of this kind. In original mode the one reply is the application's. */
export interface OwedReplies {
  readonly mode: AckMode;
  readonly commit: CommitCode | null;
  readonly application: AckCode | null;
}

/**
 * Where a reply stands. `unsent`: it is not known to have been handed to the connection; the sender gets it when it
 * repeats the message. It says nothing of the message, which is stored and delivered all the same.
 */
export type AckState = 'not-owed' | 'sent' | 'unsent';
