/** What the words of states mean that `status`, `tail`, the listings and the page print, for `causeway explain`. */
import type { AckState, AnyAckCode } from '../model/acknowledgment.ts';
import type { DeliveryState } from '../model/delivery.ts';
import type { DiskState } from '../model/disk.ts';
import type { CaseState } from '../model/exception-case.ts';
import type { Disposition } from '../model/intake.ts';
import type { DamageKind } from '../model/store-damage.ts';
import type { DestinationStatus, FlowState } from '../status/snapshot.ts';

/** What it is, what happens by itself, what the operator can do. */
export interface WordText {
  readonly text: string;
  readonly next: string;
  readonly hint: string;
}

/** Where all goes on by itself. */
export const NOTHING_TO_DO = 'Nothing to do.';
const word = (text: string, next: string, hint = NOTHING_TO_DO): WordText => ({ text, next, hint });

const ASK_STATUS = 'Run `causeway status`: the sentence beside it says why, and what happens next.';
const SEE_CASES = 'Run `causeway exceptions list`: one cure helps all cases of a cause.';
const SENDER_CORRECTS = 'The sender must correct the message or its target; the code in the reply says what is wrong.';
const TELL_SENDER = 'Tell the people of the sender what `causeway explain CODE` says of the code in the reply.';
const SENT_AGAIN = 'The sender keeps the message and sends it again, corrected where the reply names a field of it.';
const ASK_BOTH = 'Run `causeway status`, then `causeway explain CODE` with the code in the reply.';

/** What a sender hears in MSA-1 (HL7 v2.5.1 table 0008), and what it does next. */
export const REPLIES: Readonly<Record<AnyAckCode, WordText>> = {
  AA: word(
    'Accepted: the message and everything derived from it are synced to disk.',
    'The sender goes on. A message that is held for a person is answered AA too: it is safe.',
    'Nothing to do. `causeway messages find --control-id ID` shows what became of the message.',
  ),
  AE: word(
    'Not accepted this time: the appliance has a problem, or the message one that `onProblem: reject` refuses.',
    SENT_AGAIN,
    ASK_BOTH,
  ),
  AR: word('Refused: this message is not accepted however often it is sent.', SENDER_CORRECTS, TELL_SENDER),
  CA: word(
    'Committed: the message and everything derived from it are synced to disk (enhanced mode).',
    'The sender goes on; an application acknowledgment follows when MSH-16 asks for it.',
    'A sender that expects AA gets it with `acknowledgment: { mode: original }` on its channel.',
  ),
  CE: word(
    'Not committed this time: what AE says in original mode. No application acknowledgment follows.',
    SENT_AGAIN,
    ASK_BOTH,
  ),
  CR: word(
    'Refused: what AR says in original mode. No application acknowledgment follows.',
    SENDER_CORRECTS,
    TELL_SENDER,
  ),
};

/** What became of a message. */
export const DISPOSITION_WORDS: Readonly<Record<Disposition, WordText>> = {
  accepted: word('The message is stored and its events are on their way (AA).', 'They are delivered in order.'),
  held: word(
    'The message is stored and answered AA, but something in it needs a person: it has an open case.',
    'Its lines without a problem are delivered; later events of the same patient or account wait behind the rest.',
    SEE_CASES,
  ),
  filtered: word(
    'The message is stored and answered AA; it has no event for any destination.',
    'Nothing is delivered of it.',
    'If the ERP needs it: look at `routes`, `policy.filter` and `policy.onUnmappedType` of the channel.',
  ),
  rejected: word(
    'The message was refused for what is in it (AR, or AE with `onProblem: reject`); a copy is kept.',
    'Nothing is delivered of it. The sender must correct it and send it anew.',
    'Run `causeway messages find --control-id ID`, then `causeway messages show MESSAGE`, and tell the sender.',
  ),
  duplicate: word(
    'The message came again with the same control id and the same bytes: it is stored once.',
    'It is answered as the first time and has no second effect.',
  ),
  refused: word(
    'The message could not be stored just then: answered AE, nothing of it is kept (NOT STORED in `status`).',
    'The sender keeps it and sends it again; nothing is lost.',
    'Run `causeway status`: while the store is failed or its disk is full, nothing is taken.',
  ),
};

/** How well a channel, a destination or the whole facility does. */
export const FLOW_WORDS: Readonly<Record<FlowState, WordText>> = {
  flowing: word('All is well: messages are taken, events are delivered.', 'It goes on.'),
  silent: word(
    'A channel heard nothing for longer than is usual for it, or nothing at all since the start.',
    'The channel goes on listening.',
    'If the sender should be sending: look at its queue, its target address and the network between.',
  ),
  behind: word(
    'A destination answers, but its oldest event waits longer than it should. Of one event: it waits ' +
      'for an older one of the same patient or account.',
    'Events are sent in order as fast as they are taken; nothing is lost.',
    ASK_STATUS,
  ),
  'needs-attention': word(
    'Everything flows, but something waits for a person.',
    'The rest is delivered meanwhile.',
    'Run `causeway status`, `causeway exceptions list` and `causeway dead-letters list`.',
  ),
  blocked: word(
    'Nothing gets through: a channel takes nothing, or a destination cannot be reached. Of events (BLOCKED): they ' +
      'wait behind one that is held or set aside, to keep the order.',
    'It is tried again by itself; senders keep their messages, events wait in the store.',
    ASK_STATUS,
  ),
};

/** Where an event for one destination stands. */
export const DELIVERY_WORDS: Readonly<Record<DeliveryState, WordText>> = {
  pending: word('Waiting: the event waits for its turn, or for the next attempt.', 'It is sent in order.'),
  claimed: word('The event is on its way to the destination.', 'The answer decides.'),
  posted: word(
    'Delivered: the destination has said that it booked the event.',
    'It is kept as long as `retention` says.',
  ),
  held: word(
    'The event waits for a person; it has an open case.',
    'Later events of the same patient or account wait behind it (`onBlocked: hold-key`).',
    SEE_CASES,
  ),
  dead: word(
    'Set aside, a dead letter: the destination refused the event, and sending it again by itself would not help.',
    'Later events of the same patient or account wait behind it (`onBlocked: hold-key`).',
    'Run `causeway dead-letters list`, cure the cause, then `causeway dead-letters replay ENTRY`.',
  ),
  discarded: word(
    'A person decided that the event is not to be delivered; who and why is kept with it.',
    'What waited behind it is delivered.',
  ),
};

/** A case that a person decides. */
export const CASE_WORDS: Readonly<Record<CaseState, WordText>> = {
  open: word('The case waits for a person.', 'Its message and events are kept until then.', SEE_CASES),
  reprocessed: word('Closed: the message was judged again, or its event sent again.', 'Its events are delivered.'),
  approved: word('Closed: a person took it as it is.', 'Its events are delivered.'),
  discarded: word('Closed: a person decided that nothing of it is to be delivered.', 'What waited behind it goes on.'),
};

/** Where a reply to a sender stands. */
export const REPLY_STATE_WORDS: Readonly<Record<AckState, WordText>> = {
  'not-owed': word('The message asked for no reply of this kind (MSH-15, MSH-16).', 'None is sent.'),
  sent: word('The reply was handed to the connection of the sender.', 'The sender goes on.'),
  unsent: word(
    'The reply is not known to have left, e.g. as the connection broke. The message is stored all the same.',
    'The sender repeats the message and gets the reply then; there is no second effect.',
  ),
};

/** Whether a destination is asked at all. */
export const CIRCUIT_WORDS: Readonly<Record<DestinationStatus['circuit'], WordText>> = {
  closed: word('The destination is there and is sent to.', 'It goes on.'),
  open: word('The destination does not answer: nothing is sent to it but one attempt now and then.', 'Events wait.'),
  'half-open': word('The destination is being tried right now, with one request.', 'Its answer decides.', ASK_STATUS),
};

/** How full the disk of the store is. */
export const DISK_WORDS: Readonly<Record<DiskState, WordText>> = {
  plenty: word('The disk of the store has enough room.', 'It is looked at every few seconds.'),
  warn: word('The disk of the store fills.', 'All flows; `status` tells when it will be full.', 'Make room in time.'),
  refusing: word('The disk is nearly full: messages are answered AE.', 'Senders keep them.', 'Make room on the disk.'),
  paused: word(
    'The disk is full: nothing is read from senders.',
    'They wait; what is stored is delivered.',
    'Make room.',
  ),
  'read-only': word(
    'The file system of the store takes no write: messages are answered AE.',
    'It is tried again by itself.',
    'Look at the log of the machine and mount the file system writable again.',
  ),
};

/** How long a certificate is still good, as the page and `status` tell it. */
export const CERTIFICATE_WORDS: Readonly<Record<'valid' | 'ends-within' | 'not-valid-at-this-time', WordText>> = {
  valid: word('The certificate is valid, and for longer than 30 days.', 'It is told 30, 7 and 1 days before its end.'),
  'ends-within': word(
    'The certificate ends soon.',
    'Everything flows until then.',
    'Put the new certificate and key in place of the old files: they are taken up without a restart.',
  ),
  'not-valid-at-this-time': word(
    'The certificate has ended, or is not valid yet by the clock of this machine.',
    'Connections that are open stay open; new ones fail.',
    'Put a valid certificate in place of the old file, or set the clock of this machine.',
  ),
};

/** What `verify` finds wrong with records. */
export const DAMAGE_WORDS: Readonly<Record<DamageKind, WordText>> = {
  damaged: word(
    'The record is there, but not as it was written.',
    'It is passed over.',
    'Restore or salvage the store.',
  ),
  missing: word('The store once had the record, and has it no more.', 'Nothing.', 'Restore or salvage the store.'),
  unsettled: word(
    'The event left its turn without a record that says how it ended.',
    'It is not sent again by itself.',
    'Ask the ERP whether it has it; then restore or salvage the store, or enter the event by hand.',
  ),
};

/** Other forms in which a state is printed. */
export const PRINTED_AS: Readonly<Record<string, string>> = {
  'set-aside': 'dead',
  'dead-letter': 'dead',
  delivered: 'posted',
  'held-for-a-person': 'held',
  'waits-for-a-person': 'held',
  'needs-a-person': 'held',
  'will-be-tried-again': 'pending',
  'is-on-its-way': 'claimed',
  'is-delivered': 'posted',
  'is-set-aside': 'dead',
  'is-discarded': 'discarded',
  'disk-fills': 'warn',
  'nearly-full': 'refusing',
  full: 'paused',
  waiting: 'pending',
  'held-events': 'held',
  'held-ever': 'held',
  'rejected-ever': 'rejected',
  'not-stored': 'refused',
  duplicates: 'duplicate',
};
