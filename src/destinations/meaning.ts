/**
 * What one JSON object of an answer says about how it ended, whatever its parts say. A sign of failure beats a sign of
 * success, and a word that nobody knows is never a success. Names are read without case, `_` and `-`.
 */

/** `nothing`: no sign either way. `in-work`: taken, but not done. `unclear`: a word or text that may be a refusal. */
export interface Meaning {
  readonly says: 'success' | 'failure' | 'in-work' | 'unclear' | 'nothing';
  /** HTTP status that it names, 100 to 599. */
  readonly status: number | null;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const SUCCESS_WORDS = words(
  'ok okay success succeeded successful posted accepted created done processed completed complete duplicate updated ' +
    'unchanged exists saved stored recorded booked received inserted imported committed applied approved active ' +
    'open new submitted delivered finished final paid true yes',
);
const IN_WORK_WORDS = words('pending queued processing inprogress scheduled draft enqueued running started');
const FAILURE_WORDS = words(
  'error errors failed failure fail fatal rejected refused denied declined invalid unauthorized forbidden notfound ' +
    'missing absent skipped ignored aborted exception unprocessable conflict timeout unavailable notposted ' +
    'notaccepted notprocessed nok ko false no',
);

const WORD_FIELDS = ['status', 'outcome'] as const;
/** Fields that hold many things: only a failure in them counts. */
const LOOSE_WORD_FIELDS = words('result resultstatus statustext state type severity level code statuscode');
const STATUS_FIELDS = [
  'status',
  'statuscode',
  'httpstatus',
  'httpstatuscode',
  'httpcode',
  'responsecode',
  'code',
] as const;
const HARD_FLAGS = ['ok', 'success', 'succeeded', 'successful', 'issuccess', 'status', 'valid'] as const;
/** A repetition is not taken a second time: beside `duplicate: true` a "no" in them is no failure. */
const TAKEN_FLAGS = ['accepted', 'posted', 'taken', 'created', 'processed', 'stored', 'booked', 'completed'] as const;
const FAILURE_FIELDS = words(
  'error errors fault faultcode faultstring exception exc exctype errorcode errormessage errormsg errortext ' +
    'errordetail errordetails oerrorcode oerrordetails failed failure failures rejected refused denied skipped ' +
    'haserror haserrors errorcount failedcount rejectedcount failedevents rejectedevents validationerrors',
);
const RECEIPT_FIELDS = ['receipt', 'receiptid', 'documentnumber', 'documentid'] as const;
const TEXT_FIELDS = ['message', 'msg', 'text', 'detail'] as const;

/** Values that say that there is no error. */
const NO_ERROR = words('none null false no ok success successful na');
const NEGATIVE =
  /\b(?:not|never|cannot|unable|fail(?:ed|ure)?|refused|rejected|denied|declined|invalid|errors?|closed|missing)\b/i;
const NO_PROBLEM = /\b(?:no|without|0) (?:errors?|failures?)\b/gi;

/** Reads one object; anything else is unclear. */
export function meaningOf(value: unknown): Meaning {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { says: 'unclear', status: null };
  const fields = new Map(Object.entries(value).map(([name, field]) => [plain(name), field as unknown]));
  const status = statusOf(fields);
  const found = wordsIn(fields, WORD_FIELDS);
  if (isFailure(fields, status)) return { says: 'failure', status };
  if (found.some((word) => IN_WORK_WORDS.has(word))) return { says: 'in-work', status };
  if (found.some((word) => !SUCCESS_WORDS.has(word))) return { says: 'unclear', status };
  const isSuccess =
    found.length > 0 ||
    (status !== null && status >= 200 && status < 300) ||
    [...HARD_FLAGS, ...TAKEN_FLAGS, 'duplicate'].some((name) => isYes(fields.get(name))) ||
    RECEIPT_FIELDS.some((name) => isFilled(fields.get(name)));
  if (isSuccess) return { says: 'success', status };
  const texts = TEXT_FIELDS.map((name) => fields.get(name)).filter((text) => typeof text === 'string');
  const isDoubtful = texts.some((text) => NEGATIVE.test(text.replace(NO_PROBLEM, '')));
  return { says: isDoubtful ? 'unclear' : 'nothing', status };
}

type Fields = ReadonlyMap<string, unknown>;

/** A name or word without case and marks. */
export const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

function isFailure(fields: Fields, status: number | null): boolean {
  if (status !== null && status >= 300) return true;
  const number = fields.get('status');
  if (typeof number === 'number' && (number < 0 || number >= 300)) return true;
  if (wordsIn(fields, [...WORD_FIELDS, ...LOOSE_WORD_FIELDS]).some(isFailureWord)) return true;
  if (HARD_FLAGS.some((name) => isNo(fields.get(name)))) return true;
  const isRepetition = isYes(fields.get('duplicate'));
  if (!isRepetition && TAKEN_FLAGS.some((name) => isNo(fields.get(name)))) return true;
  if (['ok', 'success', 'accepted', 'posted'].some((name) => fields.get(name) === 0 && !isRepetition)) return true;
  return [...fields].some(([name, value]) => FAILURE_FIELDS.has(name) && isFilled(value));
}

/** `PERIOD_CLOSED`, `E_LOCKED`, `ValidationError`: words that hold a failure. */
const isFailureWord = (word: string): boolean =>
  FAILURE_WORDS.has(word) || /^e$|error|fail|reject|refus|denied|invalid|notfound|.closed$|.locked$/.test(word);

/** The words of these fields; a number, or a text that begins with one, is a status and no word. */
function wordsIn(fields: Fields, names: readonly string[]): readonly string[] {
  return names.flatMap((name) => {
    const value = fields.get(name);
    return typeof value === 'string' && value.trim() !== '' && numberIn(value) === null ? [plain(value)] : [];
  });
}

/** The worst status that the object names. */
function statusOf(fields: Fields): number | null {
  const numbers = STATUS_FIELDS.map((name) => numberIn(fields.get(name))).filter((number) => number !== null);
  return numbers.length === 0 ? null : Math.max(...numbers);
}

/** 422, "422", "422 Unprocessable", "HTTP/1.1 422". */
function numberIn(value: unknown): number | null {
  if (typeof value === 'number') return value >= 100 && value < 600 ? value : null;
  const digits =
    typeof value === 'string' ? /^(?:HTTP\/[\d.]+ )?([1-5]\d\d)(?: |$)/i.exec(value.trim())?.[1] : undefined;
  return digits === undefined ? null : Number(digits);
}

/** `false`, also as a text. */
export const isNo = (value: unknown): boolean =>
  value === false || (typeof value === 'string' && /^(?:false|no|n)$/i.test(value.trim()));

/** `true`, also as a text. */
export const isYes = (value: unknown): boolean =>
  value === true || (typeof value === 'string' && /^(?:true|yes|y)$/i.test(value.trim()));

function isFilled(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 0) return false;
  if (typeof value === 'string') return !NO_ERROR.has(plain(value)) && !/^0+$/.test(value.trim());
  if (Array.isArray(value)) return value.some((item) => item !== null);
  return typeof value !== 'object' || Object.values(value).some(isFilled);
}
