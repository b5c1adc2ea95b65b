/**
 * What a status 409 says. Taking every conflict for "I have it already" would book a charge as posted that the ERP
 * refused (a closed period, an object in use); refusing every one would hold events that arrived. So the body decides:
 * it must name a duplicate, in a code or in a sentence, in a field that speaks about the error. Text that merely holds
 * such a word elsewhere (an echo of the request) is no evidence.
 */

/** `duplicate`: taken before. `in-work`: an earlier try is still being worked on. `other`: something else. */
export type ConflictMeaning = 'duplicate' | 'in-work' | 'other';

const DEPTH_MAX = 4;
const TEXT_LENGTH_MAX = 2_000;

/** Fields in which APIs tell what is wrong, in lower case. */
const TELLING = new Set(
  [
    'code',
    'errorcode',
    'o:errorcode',
    'error',
    'errors',
    'error_code',
    'type',
    'exc_type',
    'name',
    'status',
    'reason',
  ].concat(['title', 'message', 'text', 'detail', 'details', 'description', 'o:errordetails', 'error_description']),
);

const THING =
  '(?:entry|event|request|document|record|key|message|transaction|idempotency|external|id|posting|submission)';
const DUPLICATE = [
  // Codes: DUPLICATE, DuplicateEntryError, ALREADY_EXISTS, IDEMPOTENCY_ERROR.
  new RegExp(`^(?:[\\w.:/-]*[./:-])?duplicate[_-]?(?:${THING}[_-]?)*(?:error|exception|found)?$`, 'i'),
  /^(?:[\w.:/-]*[./:_-])?already[_-]?(?:exists?|posted|processed|received|accepted|booked|recorded)$/i,
  /^idempotency_error$/i,
  // Sentences.
  /\balready (?:exists?|(?:been )?(?:posted|processed|received|accepted|booked|recorded))\b/i,
  new RegExp(`\\bduplicate ${THING}\\b`, 'i'),
];
const IN_WORK = /\b(?:in[ _-]?progress|being processed|still processing|concurrent)\b/i;

/** Reads the parsed body of a 409; anything but an object or a text is `other`. */
export function conflictMeaning(body: unknown): ConflictMeaning {
  const texts: string[] = [];
  if (collect(body, texts, 0)) return 'duplicate';
  if (texts.some((text) => IN_WORK.test(text))) return 'in-work';
  return texts.some((text) => DUPLICATE.some((pattern) => pattern.test(text))) ? 'duplicate' : 'other';
}

/** Gathers the telling texts; true when a flag says it plainly (`duplicate: true`). */
function collect(value: unknown, texts: string[], depth: number): boolean {
  if (typeof value === 'string') texts.push(value.trim().slice(0, TEXT_LENGTH_MAX));
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return false;
  if (Array.isArray(value)) return value.some((item) => collect(item, texts, depth + 1));
  return Object.entries(value).some(([name, field]) => {
    if (name === 'duplicate') return field === true;
    return TELLING.has(name.toLowerCase()) && collect(field, texts, depth + 1);
  });
}
