/**
 * What a status 409 says. Taking every conflict for "I have it already" would book a charge as posted that the ERP
 * refused (a closed period, an object in use); refusing every one would hold events that arrived. So the body decides:
 * it must name a duplicate, in a code or in a sentence, in a field that speaks about the error. Text that merely holds
 * such a word elsewhere (an echo of the request) is no evidence, nor is "already" said of anything but a thing of the
 * request, nor any sentence beside words of a refusal.
 */

/**
 * `request`: this request was taken before. `event`: an event, or something of one, was: of several events it is not
 * known which. `in-work`: an earlier try is still being worked on. `other`: something else.
 */
export type ConflictMeaning = 'request' | 'event' | 'in-work' | 'other';

const DEPTH_MAX = 4;
const TEXT_LENGTH_MAX = 2_000;

/** Fields in which APIs tell what is wrong, in lower case. */
const TELLING = new Set(
  (
    'code errorcode o:errorcode error errors error_code type exc_type name status reason title message text detail ' +
    'details description o:errordetails error_description'
  ).split(' '),
);

const REQUEST = '(?:request|submission|idempotency(?:[ _-]?(?:key|token))?|request[ _-]?(?:key|id))';
const IDENTIFIER = '(?:(?:event|message|external)[ _-]?(?:key|id|identifier|reference)|key)';
const EVENT = `(?:${IDENTIFIER}|event|transaction|message|(?:this|same) (?:entry|document|record|posting))`;
/** What the code of a duplicate may name; a document is the event's own where a request has one event. */
const CODED = '(?:entry|event|document|record|key|message|transaction|external|id|posting)';
const PAST = '(?:exists?|(?:been )?(?:posted|processed|received|accepted|booked|recorded|used|seen))';
const already = (subject: string): RegExp => new RegExp(`\\b${subject}\\b[^.;,:!?]{0,80}\\balready ${PAST}\\b`, 'i');
/** A code may have a name space before it: `erp.errors/DUPLICATE_EVENT`. */
const code = (text: string): RegExp => new RegExp(`^(?:[\\w.:/-]*[.:/])?${text}(?:[_-]?(?:error|exception))?$`, 'i');

const OF_REQUEST = [
  code(`duplicate[_-]?${REQUEST}`),
  code(`${REQUEST}[_-]already[_-]${PAST}`),
  code('idempotency_error'),
  already(REQUEST),
  new RegExp(`\\bduplicate ${REQUEST}\\b`, 'i'),
];
const OF_EVENT = [
  code(`duplicate[_-]?(?:${CODED}[_-]?)*(?:found)?`),
  code(`(?:${CODED}[_-]?)*already[_-]?${PAST}`),
  already(EVENT),
  new RegExp(`\\bduplicate (?:${EVENT}|entry|document|record|posting)\\b`, 'i'),
];
const IN_WORK = /\b(?:in[ _-]?progress|being processed|still processing|concurrent)\b/i;

/** Words of a refusal, and things that are none of the request: beside them nothing is proof. */
const REFUSAL = new RegExp(
  '\\b(?:refus\\w+|reject\\w+|denied|declined|closed|locked|invalid|fail\\w*|cannot|unable|not|another|other|' +
    'different|mismatch\\w*|violat\\w+|same parameters|period|account|company|ledger|fiscal|customer|vendor|' +
    'supplier|line)\\b',
  'i',
);

interface Evidence {
  readonly texts: string[];
  /** A mere `duplicate`, in no list of errors: said of the whole request. */
  isBare: boolean;
  /** Where `duplicate: true` stands: beside the whole, or in a list of errors, each about something of its own. */
  flag: 'request' | 'event' | null;
}

/** Reads the parsed body of a 409; anything but an object or a text is `other`. */
export function conflictMeaning(body: unknown): ConflictMeaning {
  const evidence: Evidence = { texts: [], isBare: false, flag: null };
  collect(body, evidence, { depth: 0, inList: false });
  const { texts, flag } = evidence;
  const says = (patterns: readonly RegExp[]): boolean =>
    texts.some((text) => patterns.some((pattern) => pattern.test(text)));
  if (flag !== null) return flag;
  const readable = texts.map((text) => text.replace(/^\w+:\/\/[^/]*/, '').replaceAll('_', ' '));
  if (readable.some((text) => IN_WORK.test(text))) return 'in-work';
  if (readable.some((text) => REFUSAL.test(text))) return 'other';
  if (evidence.isBare || says(OF_REQUEST)) return 'request';
  return says(OF_EVENT) ? 'event' : 'other';
}

/** Gathers the telling texts and flags. */
function collect(value: unknown, evidence: Evidence, place: { depth: number; inList: boolean }): void {
  if (typeof value === 'string') {
    evidence.texts.push(value.trim().slice(0, TEXT_LENGTH_MAX));
    if (!place.inList && /^duplicate$/i.test(value.trim())) evidence.isBare = true;
  }
  if (typeof value !== 'object' || value === null || place.depth > DEPTH_MAX) return;
  const inList = place.inList || Array.isArray(value);
  for (const [name, field] of Object.entries(value)) {
    const isTold = Array.isArray(value) || TELLING.has(name.toLowerCase());
    if (name === 'duplicate' && field === true) evidence.flag = inList ? (evidence.flag ?? 'event') : 'request';
    else if (isTold) collect(field, evidence, { depth: place.depth + 1, inList });
  }
}
