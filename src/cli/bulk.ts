/** Doing one thing to many rows: every row is tried, failures are told, the exit code says whether all went well. */
import { CausewayError } from '../model/errors.ts';
import type { CliContext, ExitCode } from './command.ts';
import { plural } from './wording.ts';

/** One thing to do to each of many rows. */
export interface BulkAction<Row> {
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  /**
   * Does it; gives the line to print, null for none.
   * @throws CausewayError `NOT_FOUND`, `WRONG_STATE`: told, and the rest goes on
   */
  readonly act: (row: Row) => Promise<string | null>;
  /** `case`, `dead letter`. */
  readonly noun: string;
  /** `reprocessed`, `discarded`. */
  readonly done: string;
}

/**
 * 0 when all rows went well, 1 when one did not or there was none.
 * @throws CausewayError for a failure that meets every row, such as `NOT_RUNNING`
 */
export async function actOnAll<Row>(action: BulkAction<Row>, { terminal }: CliContext): Promise<ExitCode> {
  let failed = 0;
  for (const row of action.rows) {
    try {
      const line = await action.act(row);
      if (line !== null) terminal.out(line);
    } catch (error) {
      if (!(error instanceof CausewayError) || (error.code !== 'NOT_FOUND' && error.code !== 'WRONG_STATE'))
        throw error;
      failed += 1;
      terminal.say(`${action.idOf(row)}: ${error.message}`);
    }
  }
  const went = action.rows.length - failed;
  terminal.say(`${plural(went, action.noun)} ${action.done}${failed === 0 ? '' : `, ${failed} not`}.`);
  return failed === 0 && went > 0 ? 0 : 1;
}
