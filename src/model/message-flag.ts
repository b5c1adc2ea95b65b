/**
 * Remarks that are kept with a message and change nothing of it: in `messages show`, in the tree of `show` and counted
 * as `causeway_messages_flagged_total`. `causeway explain FLAG` shows these texts.
 */
interface MessageFlagSpec {
  /** What was noticed. */
  readonly text: string;
  /** What happens by itself. */
  readonly next: string;
  /** What the operator can do. */
  readonly hint: string;
}

const TAKEN = 'The message is taken as it is; the remark is kept with it and counted.';
const NAME_SET = 'Have the sender name its character set in MSH-18, or set `format.charset` of the channel.';

/** Closed set; what writes a flag has this type, so none can be without a text. */
export const MESSAGE_FLAGS = {
  'charset-missing': {
    text: 'MSH-18 is empty, yet there are bytes outside of ASCII.',
    next: TAKEN,
    hint: NAME_SET,
  },
  'charset-unknown': {
    text: 'MSH-18 names a character set that is not known here.',
    next: TAKEN,
    hint: NAME_SET,
  },
  'charset-untrue': {
    text: 'The bytes do not fit the character set that MSH-18 or the channel names.',
    next: TAKEN,
    hint: NAME_SET,
  },
  'charset-doubtful': {
    text: 'The bytes fit the named single-byte set, but are valid UTF-8 as well, which real text hardly is.',
    next: 'The text is read in the named set; names may look garbled (Ã¤ for ä). The bytes are kept unchanged.',
    hint: 'Look at `causeway messages show MESSAGE --frame`. If a name is garbled, set `format.charset: utf-8`.',
  },
  'charset-fallback': {
    text: 'The text was read with `format.fallbackCharset`, as no named set fits its bytes.',
    next: 'Every byte has a character, but it may be the wrong one. The bytes are kept unchanged.',
    hint: NAME_SET,
  },
  'replacement-characters': {
    text: 'The text holds so many U+FFFD (the number behind the colon): characters were lost, here or at the sender.',
    next: TAKEN,
    hint: 'Compare with the text at the sender: characters that were lost there can only come back there.',
  },
  'doubled-backslash': {
    text: 'MSH-2 has two backslashes where the standard has one: a program escaped the message once too often.',
    next: 'The message is read as `format.doubledBackslash` says.',
    hint: 'Have the sender correct MSH-2 to ^~\\&.',
  },
  'batch-trailer': {
    text: 'The message ends with the trailer of a batch (BTS, FTS) that has no head.',
    next: 'The trailer is passed over; the message is taken.',
    hint: 'Have the sender send single messages without envelope, or whole batches.',
  },
  batch: {
    text: 'A batch or several messages in one frame, or a message out of one.',
    next: 'Its messages are taken together or not at all; each is kept and delivered on its own.',
    hint: 'Nothing to do. `causeway messages find --control-id ID` finds a message of it.',
  },
  'batch-mismatch': {
    text: 'The counts in the trailer of the batch (BTS-1, FTS-1) or its totals differ from what it holds.',
    next: 'The batch is taken, as `policy.batch.onMismatch: flag` says.',
    hint: 'Ask the sender whether messages are missing. To refuse such batches, set `onMismatch: reject`.',
  },
  'batch-total-unchecked': {
    text: 'The batch states a total (BTS-3) that could not be compared with its messages.',
    next: 'The batch is taken; its counts were checked.',
    hint: 'Nothing to do. Compare the total with the control totals when it matters.',
  },
  'reused-control-id': {
    text: 'The channel had this control id (MSH-10) before, with other content.',
    next: '`policy.onReusedControlId` decides: `accept-as-new` takes it as a new message, `reject` refuses it.',
    hint: 'Have the sender use each control id once: a lost reply cannot be told from a new message otherwise.',
  },
  'maybe-repeated': {
    text: 'Damage of the store hides whether the message came before: it may be a repetition.',
    next:
      'It is taken; its events have the ids of the same bytes. A destination that knows them does nothing twice; ' +
      'another one is asked first, or they are held.',
    hint: 'Run `causeway verify`. Held: search the ERP for the event ids, then reprocess or discard the case.',
  },
  'limit-exceeded': {
    text: 'The message is beyond a limit of the reader (segments, size of a field).',
    next: 'It is answered AR and a copy is kept.',
    hint: 'Have the sender send it in parts.',
  },
  'merged-identity': {
    text: 'A number in the message ended in a merge: its events carry the number that it became.',
    next: 'The events stand in the line of the surviving number; the number that was sent is kept beside it.',
    hint: 'Nothing to do. When it goes on for days, tell the sender that it still uses the old number.',
  },
  'filtered-by-rule': {
    text: 'A rule of `policy.filter` says that the ERP needs nothing of this message.',
    next: 'It is answered AA and kept without event.',
    hint: 'Nothing to do. To deliver such messages, take the rule out and send them anew.',
  },
} as const satisfies Record<string, MessageFlagSpec>;

/** The name of a flag, without the number that may stand behind a colon. */
export type MessageFlagName = keyof typeof MESSAGE_FLAGS;

/** As it is kept with a message. */
export type MessageFlag = Exclude<MessageFlagName, 'replacement-characters'> | `replacement-characters:${number}`;
