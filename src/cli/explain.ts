import { nearWord } from '../config/near-word.ts';
import { REFUSAL_CLASSES, type RefusalClass, RETRY_MEANINGS, type RetryMeaning } from '../model/delivery.ts';
import type { AnyAckCode } from '../model/acknowledgment.ts';
import { CONNECTION_REFUSALS, type ConnectionRefusal } from '../model/connection-refusal.ts';
import { ERROR_SPECS, isErrorCode } from '../model/errors.ts';
import { PROBLEM_CODES, type ProblemCode } from '../model/problem.ts';
import { type CliCommand, type ExitCode, JSON_OPTION } from './command.ts';
import { UsageError } from './option-values.ts';
import { suggest, type Terminal } from './terminal.ts';

/** What a code means, in a form that prints and serialises alike. */
interface Explanation {
  readonly code: string;
  /**
   * `error`: the environment failed. `problem`: one message has something wrong. `refusal`: a destination said no.
   * `connection`: a listener closed a connection. `reply`: what a sender hears.
   */
  readonly sort: 'error' | 'problem' | 'refusal' | 'connection' | 'reply';
  readonly text: string;
  /** What happens by itself. */
  readonly next: string;
  readonly retry?: RetryMeaning;
  readonly ack?: string | null;
  readonly httpStatus?: number;
  /** What the operator can do. */
  readonly hint: string;
}

/** What a sender hears in MSA-1 (HL7 v2.5.1 table 0008), and what it does next. */
const REPLIES: Readonly<Record<AnyAckCode, Pick<Explanation, 'text' | 'next' | 'hint'>>> = {
  AA: {
    text: 'Accepted: the message and everything derived from it are synced to disk.',
    next: 'The sender goes on. A message that is held for a person is answered AA too: it is safe.',
    hint: 'Nothing to do. `causeway messages find --control-id ID` shows what became of the message.',
  },
  AE: {
    text: 'Not accepted this time: the appliance has a problem, or the message one that `onProblem: reject` refuses.',
    next: 'The sender keeps the message and sends it again, corrected where the reply names a field of it.',
    hint: 'Run `causeway status`, then `causeway explain CODE` with the code in the reply.',
  },
  AR: {
    text: 'Refused: this message is not accepted however often it is sent.',
    next: 'The sender must correct the message or its target; the code in the reply says what is wrong.',
    hint: 'Tell the people of the sender what `causeway explain CODE` says of the code in the reply.',
  },
  CA: {
    text: 'Committed: the message and everything derived from it are synced to disk (enhanced mode).',
    next: 'The sender goes on; an application acknowledgment follows when MSH-16 asks for it.',
    hint: 'A sender that expects AA gets it with `acknowledgment: { mode: original }` on its channel.',
  },
  CE: {
    text: 'Not committed this time: what AE says in original mode. No application acknowledgment follows.',
    next: 'The sender keeps the message and sends it again, corrected where the reply names a field of it.',
    hint: 'Run `causeway status`, then `causeway explain CODE` with the code in the reply.',
  },
  CR: {
    text: 'Refused: what AR says in original mode. No application acknowledgment follows.',
    next: 'The sender must correct the message or its target; the code in the reply says what is wrong.',
    hint: 'Tell the people of the sender what `causeway explain CODE` says of the code in the reply.',
  },
};

/** `causeway explain CODE`: the catalogue text of every error code, problem code and class of refusal. */
export const explainCommand: CliCommand = {
  name: 'explain',
  summary: 'Say what a code, a reply (AA, CE, …) or the cause of a case means, and what to do.',
  arguments: [{ syntax: '[code...]', text: 'As printed: STORE_FAILED, unmapped-type MDM^T02, validation, AE.' }],
  options: [{ flags: '--list', text: 'List every code.' }, JSON_OPTION],
  examples: [
    ['explain STORE_FAILED', 'meaning, what happens by itself, what you can do'],
    ['explain required PV1-19.1', 'the cause of a case, as `exceptions list` prints it'],
    ['explain AE', 'what a sender is told with this reply'],
    ['explain --list', 'every code in one line each'],
  ],
  async run(values, { terminal }) {
    if (values.flag('list')) return list(terminal, values.flag('json'));
    if (values.first === '')
      throw new UsageError('Which code?', `Run \`${terminal.command} explain --list\` for all of them.`);
    const typed = codeIn(values.args.join(' '));
    const found = explanationOf(typed);
    if (found === null) return unknownCode(typed, terminal);
    if (values.flag('json')) terminal.out(JSON.stringify(found));
    else for (const line of lines(found)) terminal.out(line);
    return 0;
  },
};

/** The code in a cause: its first word, but of `destination-refused erp validation status 422` the class. */
function codeIn(typed: string): string {
  const [first = '', , third] = typed.trim().split(/\s+/);
  return first.toLowerCase() === 'destination-refused' && third !== undefined ? third : first;
}

/** Every code of the catalogues and every reply; no code stands in two of them. */
const allCodes = (): readonly string[] => [
  ...Object.keys(ERROR_SPECS),
  ...Object.keys(REFUSAL_CLASSES),
  ...Object.keys(PROBLEM_CODES),
  ...Object.keys(CONNECTION_REFUSALS),
  ...Object.keys(REPLIES),
];

function explanationOf(typed: string): Explanation | null {
  const code = allCodes().find((known) => known.toLowerCase() === typed.toLowerCase());
  if (code === undefined) return null;
  if (isErrorCode(code)) {
    const { text, retry, ack, httpStatus, hint } = ERROR_SPECS[code];
    return { code, sort: 'error', text, next: RETRY_MEANINGS[retry], retry, ack, httpStatus, hint };
  }
  if (isRefusalClass(code)) return { code, sort: 'refusal', ...REFUSAL_CLASSES[code] };
  if (isReply(code)) return { code, sort: 'reply', ...REPLIES[code] };
  if (isConnectionRefusal(code)) {
    const { text, hint } = CONNECTION_REFUSALS[code];
    const next = 'The connection is closed and counted; nothing of it is taken. The sender connects again by itself.';
    return { code, sort: 'connection', text: `A connection was refused: ${text}.`, next, hint };
  }
  return { code, sort: 'problem', ...PROBLEM_CODES[code as ProblemCode] };
}

const isReply = (code: string): code is AnyAckCode => Object.hasOwn(REPLIES, code);

const isRefusalClass = (code: string): code is RefusalClass => Object.hasOwn(REFUSAL_CLASSES, code);

const isConnectionRefusal = (code: string): code is ConnectionRefusal => Object.hasOwn(CONNECTION_REFUSALS, code);

function lines({ code, sort, text, next, ack, httpStatus, hint }: Explanation): readonly string[] {
  if (sort !== 'error') {
    const said = {
      problem: 'A problem of one message or event.',
      refusal: 'A refusal of a destination.',
      connection: 'A refusal of a listener.',
      reply: 'A reply.',
    };
    return [`${code}: ${text}`, said[sort], `By itself:  ${next}`, `You can:    ${hint}`];
  }
  return [
    `${code}: ${text}`,
    `By itself:        ${next}`,
    `The sender hears: ${ack ?? 'nothing of it (no message waits for a reply, or the reply was given before)'}`,
    `HTTP status:      ${httpStatus ?? ''}`,
    `You can:          ${hint}`,
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
