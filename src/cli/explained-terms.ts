/** Words of the product that the commands print and that are no states, for `causeway explain`. */
import { NOTHING_TO_DO, type WordText } from './explained-words.ts';

/** By the word as it is printed, small, with `-` between its parts. */
export const TERMS = {
  message: {
    text: 'What a sender sent in one frame, or as a part of a batch; kept byte for byte with the reply that it got.',
    next: 'It is kept as long as `retention` says after everything of it ended.',
    hint: '`causeway messages show MESSAGE` tells what became of it, `causeway show MESSAGE` what stands in it.',
  },
  event: {
    text: 'A canonical business event made of a message, such as an admission, a charge or a supply used.',
    next: 'It becomes one entry for each destination whose route takes it.',
    hint: 'docs/events.md tells what is in each kind of event.',
  },
  entry: {
    text: 'One event on its way to one destination, named DESTINATION:LANE:NUMBER.',
    next: 'It is delivered in its turn, tried again, or set aside with a case.',
    hint: '`causeway messages show ENTRY`; of a dead letter `causeway dead-letters replay ENTRY`.',
  },
  lane: {
    text: 'The line of entries of one destination, numbered in the order in which they were made.',
    next: 'Entries of one ordering key leave it in order, others beside each other.',
    hint: NOTHING_TO_DO,
  },
  'ordering-key': {
    text: 'What an event is about, for instance `account:ACC5001`: events of one key take effect in order.',
    next: 'An event that waits for a person holds the younger ones of its key, and no other key.',
    hint: 'Cure or discard its case: what stands behind it goes on.',
  },
  case: {
    text: 'An exception case: a message or event that waits for a person, with its cause.',
    next: 'It stays open until somebody acts; cases of one cause are cured together.',
    hint: '`causeway exceptions list`, then `exceptions reprocess` or `exceptions discard`.',
  },
  epoch: {
    text: 'One life of a store: a copy or a restore begins the next one, so that no number stands for two things.',
    next: 'Events of a later epoch have higher sequence numbers.',
    hint: 'Never run two copies of one store at one ERP.',
  },
  'control-totals': {
    text: 'Counts and money: accepted = posted + waiting + held + dead + discarded, for each destination.',
    next: 'They are stored in the same step as what they count.',
    hint: 'Compare them with the ERP at the end of a day: `causeway status --json`.',
  },
  parked: {
    text: 'Outside of its lane: held, dead, behind such an event, or put back and about to go again.',
    next: 'It goes again by itself once what it stands behind has ended, unless it waits for a person.',
    hint: '`causeway exceptions list` and `causeway dead-letters list` show those that wait for a person.',
  },
  salvage: {
    text: 'A copy of a damaged store with all that can be read, and a list of what is lost.',
    next: 'The damaged store is not changed.',
    hint: '`causeway salvage --to FOLDER`, then name the copy in `store.path`.',
  },
  scrub: {
    text: 'The slow reading of every stored record, again and again, that finds damage before a record is needed.',
    next: 'It runs beside everything else.',
    hint: 'Its speed is `store.scrubRecordsPerSecond`; `causeway verify` looks at once.',
  },
} as const satisfies Readonly<Record<string, WordText>>;
