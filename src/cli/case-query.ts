/** Exception cases of the running appliance, as the commands ask for them. */
import type { CaseState, ExceptionCase } from '../model/exception-case.ts';
import { type ControlClient, LIST_ROWS_MAX } from './control-client.ts';
import { UsageError } from './option-values.ts';
import { plural } from './wording.ts';

/** Which cases. */
export interface CaseQuery {
  readonly state: CaseState;
  /** Exactly this cause; every cause when undefined. */
  readonly cause?: string | undefined;
  /** Default and most: `LIST_ROWS_MAX`. */
  readonly limit?: number;
}

/** Path of one case at the control socket. */
export const casePath = (caseId: string): string => `/v1/exceptions/${encodeURIComponent(caseId)}`;

/** The cases, oldest first. */
export async function casesOf(control: ControlClient, query: CaseQuery): Promise<readonly ExceptionCase[]> {
  const { state, cause, limit = LIST_ROWS_MAX } = query;
  return Array.fromAsync(control.rows<ExceptionCase>('/v1/exceptions', { state, cause }, limit));
}

/**
 * The cause that a person means: a text that ends with `…` is the beginning of one, as a list prints it.
 * @throws UsageError when several causes begin so
 */
export async function wholeCause(
  control: ControlClient,
  state: CaseState,
  typed: string | undefined,
): Promise<string | undefined> {
  if (typed?.endsWith('…') !== true) return typed;
  const beginning = typed.slice(0, -1);
  const cases = await casesOf(control, { state });
  const causes = [...new Set(cases.map(({ cause }) => cause).filter((cause) => cause.startsWith(beginning)))];
  if (causes.length > 1)
    throw new UsageError(`${causes.length} causes begin so.`, '`exceptions list --wide` prints them in full.');
  return causes[0] ?? typed;
}

/** What to say when no case has the cause that was asked for. */
export async function noSuchCause(control: ControlClient, state: CaseState): Promise<string> {
  const others = await casesOf(control, { state });
  const rest = others.length === 0 ? 'there is no other' : `${plural(others.length, 'other')} ${verb(others.length)}`;
  return `No ${state} case has this cause; ${rest}${others.length === 0 ? '' : ` ${state}`}.`;
}

const verb = (number: number): string => (number === 1 ? 'is' : 'are');
