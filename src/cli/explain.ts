import { nearWord } from '../config/near-word.ts';
import { ERROR_SPECS, isErrorCode } from '../model/errors.ts';
import { PROBLEM_CODES } from '../model/problem.ts';
import { type CliCommand, type ExitCode, JSON_OPTION } from './command.ts';
import { UsageError } from './option-values.ts';
import { suggest, type Terminal } from './terminal.ts';

/** What a code means, in a form that prints and serialises alike. */
interface Explanation {
  readonly code: string;
  /** `error`: the environment failed. `problem`: one message has something wrong. */
  readonly sort: 'error' | 'problem';
  readonly text: string;
  readonly retry?: string;
  readonly ack?: string | null;
  readonly httpStatus?: number;
  readonly hint?: string;
}

const RETRY_WORDS: Readonly<Record<string, string>> = {
  transient: 'It is tried again by itself; nothing had happened.',
  ambiguous: 'It is tried again by itself under the same idempotency key; it may have happened.',
  permanent: 'It is not tried again by itself.',
};

/** `causeway explain CODE`: the catalogue text of every error and problem code. */
export const explainCommand: CliCommand = {
  name: 'explain',
  summary: 'Say what an error or problem code means and what to do.',
  arguments: [{ syntax: '[code]', text: 'Code as printed, e.g. STORE_FAILED or unmapped-type.' }],
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

/** Every code of both catalogues. */
const allCodes = (): readonly string[] => [...Object.keys(ERROR_SPECS), ...Object.keys(PROBLEM_CODES)];

function explanationOf(typed: string): Explanation | null {
  const code = allCodes().find((known) => known.toLowerCase() === typed.toLowerCase());
  if (code === undefined) return null;
  if (isErrorCode(code)) {
    const { text, retry, ack, httpStatus, hint } = ERROR_SPECS[code];
    return { code, sort: 'error', text, retry, ack, httpStatus, hint };
  }
  return { code, sort: 'problem', text: PROBLEM_CODES[code as keyof typeof PROBLEM_CODES] };
}

function lines(found: Explanation): readonly string[] {
  if (found.sort === 'problem') {
    return [
      `${found.code}: ${found.text}`,
      'A problem of one message. The channel decides: `onProblem: hold` keeps it for a person, `reject` refuses it.',
    ];
  }
  return [
    `${found.code}: ${found.text}`,
    `By itself:       ${RETRY_WORDS[found.retry ?? ''] ?? ''}`,
    `The sender hears: ${found.ack ?? 'nothing of it (no message waits for a reply, or the reply was given before)'}`,
    `HTTP status:     ${found.httpStatus ?? ''}`,
    `You can:         ${found.hint ?? ''}`,
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
