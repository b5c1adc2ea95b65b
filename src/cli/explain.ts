import { nearWord } from '../config/near-word.ts';
import { REFUSAL_CLASSES, type RefusalClass, RETRY_MEANINGS, type RetryMeaning } from '../model/delivery.ts';
import { ERROR_SPECS, isErrorCode } from '../model/errors.ts';
import { PROBLEM_CODES, type ProblemCode } from '../model/problem.ts';
import { type CliCommand, type ExitCode, JSON_OPTION } from './command.ts';
import { UsageError } from './option-values.ts';
import { suggest, type Terminal } from './terminal.ts';

/** What a code means, in a form that prints and serialises alike. */
interface Explanation {
  readonly code: string;
  /** `error`: the environment failed. `problem`: one message has something wrong. `refusal`: a destination said no. */
  readonly sort: 'error' | 'problem' | 'refusal';
  readonly text: string;
  /** What happens by itself. */
  readonly next: string;
  readonly retry?: RetryMeaning;
  readonly ack?: string | null;
  readonly httpStatus?: number;
  readonly hint?: string;
}

const PROBLEM_NEXT =
  'A problem of one message. The channel decides: `onProblem: hold` keeps it for a person, `reject` refuses it.';

/** `causeway explain CODE`: the catalogue text of every error code, problem code and class of refusal. */
export const explainCommand: CliCommand = {
  name: 'explain',
  summary: 'Say what an error code, a problem code or a class of refusal means, and what to do.',
  arguments: [{ syntax: '[code]', text: 'Code as printed, e.g. STORE_FAILED, unmapped-type or validation.' }],
  options: [{ flags: '--list', text: 'List every code.' }, JSON_OPTION],
  examples: [
    ['explain STORE_FAILED', 'meaning, what happens by itself, what you can do'],
    ['explain --list', 'every code in one line each'],
  ],
  async run(values, { terminal }) {
    if (values.flag('list')) return list(terminal, values.flag('json'));
    if (values.first === '')
      throw new UsageError('Which code?', `Run \`${terminal.command} explain --list\` for all of them.`);
    const found = explanationOf(values.first);
    if (found === null) return unknownCode(values.first, terminal);
    if (values.flag('json')) terminal.out(JSON.stringify(found));
    else for (const line of lines(found)) terminal.out(line);
    return 0;
  },
};

/** Every code of the three catalogues; no code stands in two of them. */
const allCodes = (): readonly string[] => [
  ...Object.keys(ERROR_SPECS),
  ...Object.keys(REFUSAL_CLASSES),
  ...Object.keys(PROBLEM_CODES),
];

function explanationOf(typed: string): Explanation | null {
  const code = allCodes().find((known) => known.toLowerCase() === typed.toLowerCase());
  if (code === undefined) return null;
  if (isErrorCode(code)) {
    const { text, retry, ack, httpStatus, hint } = ERROR_SPECS[code];
    return { code, sort: 'error', text, next: RETRY_MEANINGS[retry], retry, ack, httpStatus, hint };
  }
  if (isRefusalClass(code)) return { code, sort: 'refusal', ...REFUSAL_CLASSES[code] };
  return { code, sort: 'problem', text: PROBLEM_CODES[code as ProblemCode], next: PROBLEM_NEXT };
}

const isRefusalClass = (code: string): code is RefusalClass => Object.hasOwn(REFUSAL_CLASSES, code);

function lines({ code, sort, text, next, ack, httpStatus, hint }: Explanation): readonly string[] {
  if (sort === 'problem') return [`${code}: ${text}`, next];
  if (sort === 'refusal') {
    return [`${code}: ${text}`, 'A refusal of a destination.', `By itself:  ${next}`, `You can:    ${hint ?? ''}`];
  }
  return [
    `${code}: ${text}`,
    `By itself:        ${next}`,
    `The sender hears: ${ack ?? 'nothing of it (no message waits for a reply, or the reply was given before)'}`,
    `HTTP status:      ${httpStatus ?? ''}`,
    `You can:          ${hint ?? ''}`,
  ];
}

function list(terminal: Terminal, json: boolean): ExitCode {
  for (const code of allCodes()) {
    const found = explanationOf(code);
    if (found !== null) terminal.out(json ? JSON.stringify(found) : `${code.padEnd(24)} ${found.text}`);
  }
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
