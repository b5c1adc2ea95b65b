import { nearWord } from '../config/near-word.ts';
import { REFUSAL_CLASSES, RETRY_MEANINGS, type RetryMeaning } from '../model/delivery.ts';
import { CONNECTION_REFUSALS } from '../model/connection-refusal.ts';
import { ERROR_SPECS, type ErrorCode } from '../model/errors.ts';
import { MESSAGE_FLAGS } from '../model/message-flag.ts';
import { PROBLEM_CODES } from '../model/problem.ts';
import { type CliCommand, type ExitCode, JSON_OPTION } from './command.ts';
import {
  CASE_WORDS,
  CERTIFICATE_WORDS,
  CIRCUIT_WORDS,
  DAMAGE_WORDS,
  DELIVERY_WORDS,
  DISK_WORDS,
  DISPOSITION_WORDS,
  FLOW_WORDS,
  PRINTED_AS,
  REPLIES,
  REPLY_STATE_WORDS,
  type WordText,
} from './explained-words.ts';
import { TERMS } from './explained-terms.ts';
import { UsageError } from './option-values.ts';
import { suggest, type Terminal } from './terminal.ts';

/** Where a code or word is met; what a person reads about it first. */
const SORTS = {
  error: 'The environment failed.',
  problem: 'A problem of one message or event.',
  refusal: 'A refusal of a destination.',
  connection: 'A refusal of a listener.',
  reply: 'A reply.',
  flag: 'A remark on a message.',
  disposition: 'What became of a message.',
  flow: 'State of a channel, a destination or the facility.',
  delivery: 'State of an event for one destination.',
  case: 'State of a case.',
  replyState: 'State of a reply.',
  circuit: 'State of the connection to a destination.',
  disk: 'State of the disk of the store.',
  certificate: 'State of a certificate.',
  damage: 'What is wrong with records of the store.',
  term: 'A word of the product.',
} as const;
type Sort = keyof typeof SORTS;

/** What a code means, in a form that prints and serialises alike. */
interface Explanation extends WordText {
  readonly code: string;
  readonly sort: Sort;
  readonly retry?: RetryMeaning;
  readonly ack?: string | null;
  readonly httpStatus?: number;
}

/** `causeway explain CODE`: the text of every code, reply, remark and state that is printed anywhere. */
export const explainCommand: CliCommand = {
  name: 'explain',
  summary: 'Say what a code, a reply (AA, CE, …), a state or the cause of a case means, and what to do.',
  arguments: [
    { syntax: '[code...]', text: 'As printed: STORE_FAILED, unmapped-type MDM^T02, validation, AE, set aside.' },
  ],
  options: [{ flags: '--list', text: 'List every code.' }, JSON_OPTION],
  examples: [
    ['explain STORE_FAILED', 'meaning, what happens by itself, what you can do'],
    ['explain required PV1-19.1', 'the cause of a case, as `exceptions list` prints it'],
    ['explain AE', 'what a sender is told with this reply'],
    ['explain set aside', 'a state, as `status` prints it'],
    ['explain --list', 'every code in one line each'],
  ],
  async run(values, { terminal }) {
    if (values.flag('list')) return list(terminal, values.flag('json'));
    if (values.first === '')
      throw new UsageError('Which code?', `Run \`${terminal.command} explain --list\` for all of them.`);
    const typed = codeIn(values.args.join(' '));
    const found = explanationsOf(typed);
    if (found.length === 0) return unknownCode(typed, terminal);
    for (const [index, each] of found.entries()) {
      if (values.flag('json')) terminal.out(JSON.stringify(each));
      else for (const line of index === 0 ? lines(each) : ['', ...lines(each)]) terminal.out(line);
    }
    return 0;
  },
};

/**
 * The code in what was typed: a state as it is printed (`set aside`, `▲ Behind`), a flag with its number
 * (`replacement-characters:3`), or a cause: its first word, but of `destination-refused erp validation …` the class.
 */
function codeIn(typed: string): string {
  const words = typed.trim().split(/\s+/);
  const printed = typed
    .toLowerCase()
    .replace(/[^a-z_-]+/g, ' ')
    .trim()
    .replaceAll(' ', '-');
  // `Ends within 7 days`: the number is of the one certificate.
  const named = printed.replace(/^(ends-within)-.*$/, '$1');
  const state = Object.hasOwn(PRINTED_AS, named) ? PRINTED_AS[named] : named;
  if (state !== undefined && explanationsOf(state).length > 0) return state;
  const [first = '', , third] = words;
  if (first.toLowerCase() === 'destination-refused' && third !== undefined) return third;
  return first.split(':')[0] ?? '';
}

/** Every catalogue; a word may stand in several of them. */
const CATALOGUES: Readonly<Record<Exclude<Sort, 'error' | 'connection'>, Readonly<Record<string, WordText>>>> = {
  refusal: REFUSAL_CLASSES,
  problem: PROBLEM_CODES,
  reply: REPLIES,
  flag: MESSAGE_FLAGS,
  disposition: DISPOSITION_WORDS,
  flow: FLOW_WORDS,
  delivery: DELIVERY_WORDS,
  case: CASE_WORDS,
  replyState: REPLY_STATE_WORDS,
  circuit: CIRCUIT_WORDS,
  disk: DISK_WORDS,
  certificate: CERTIFICATE_WORDS,
  damage: DAMAGE_WORDS,
  term: TERMS,
};

let known: readonly Explanation[] | null = null;

const explanations = (): readonly Explanation[] => (known ??= everyExplanation());

function everyExplanation(): readonly Explanation[] {
  const errors = (Object.keys(ERROR_SPECS) as readonly ErrorCode[]).map((code): Explanation => {
    const { text, retry, ack, httpStatus, hint } = ERROR_SPECS[code];
    return { code, sort: 'error', text, next: RETRY_MEANINGS[retry], retry, ack, httpStatus, hint };
  });
  const next = 'The connection is closed and counted; nothing of it is taken. The sender connects again by itself.';
  const connections = Object.entries(CONNECTION_REFUSALS).map(
    ([code, { text, hint }]): Explanation => ({
      ...{ code, sort: 'connection', text: `A connection was refused: ${text}.` },
      ...{ next, hint },
    }),
  );
  const words = Object.entries(CATALOGUES).flatMap(([sort, catalogue]) =>
    Object.entries(catalogue).map(
      ([code, { text, next: then, hint }]): Explanation => ({ code, sort: sort as Sort, text, next: then, hint }),
    ),
  );
  return [...errors, ...connections, ...words];
}

/** Each code and word once. */
const allCodes = (): readonly string[] => [...new Set(explanations().map(({ code }) => code))];

const explanationsOf = (code: string): readonly Explanation[] =>
  explanations().filter((each) => each.code.toLowerCase() === code.toLowerCase());

function lines({ code, sort, text, next, ack, httpStatus, hint }: Explanation): readonly string[] {
  if (sort !== 'error') return [`${code}: ${text}`, SORTS[sort], `By itself:  ${next}`, `You can:    ${hint}`];
  return [
    `${code}: ${text}`,
    `By itself:        ${next}`,
    `The sender hears: ${ack ?? 'nothing of it (no message waits for a reply, or the reply was given before)'}`,
    `HTTP status:      ${httpStatus ?? ''}`,
    `You can:          ${hint}`,
  ];
}

function list(terminal: Terminal, json: boolean): ExitCode {
  for (const each of explanations()) terminal.out(json ? JSON.stringify(each) : `${each.code.padEnd(24)} ${each.text}`);
  return 0;
}

function unknownCode(typed: string, terminal: Terminal): ExitCode {
  const near = nearWord(typed, allCodes()) ?? beginningWith(typed);
  terminal.say(near === null ? 'There is no such code.' : `There is no such code; did you mean ${near}?`);
  suggest(terminal, near === null ? 'explain --list' : `explain ${near}`);
  return 1;
}

/** `STORE` finds `STORE_FAILED`. */
function beginningWith(typed: string): string | null {
  const start = typed.toLowerCase();
  return start.length < 3 ? null : (allCodes().find((code) => code.toLowerCase().startsWith(start)) ?? null);
}
