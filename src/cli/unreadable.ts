import type { UnreadableRecord } from '../model/store-damage.ts';
import { configOptionText } from './configuration.ts';
import type { OptionValues } from './option-values.ts';
import { suggest, type Terminal } from './terminal.ts';
import { count } from './wording.ts';

/** Lines on a screen; `verify` lists everything. */
const LINES_MAX = 10;

/** Names what an answer lacks because it cannot be read, beside the answer; `total`: when not all are named. */
export function sayUnreadable(
  terminal: Terminal,
  records: readonly UnreadableRecord[],
  values: OptionValues,
  total?: number,
): void {
  // A command may come by the same record twice.
  const named = [...new Map(records.map((record) => [record.id, record])).values()];
  const all = total ?? named.length;
  if (all === 0) return;
  for (const { id, what } of named.slice(0, LINES_MAX)) terminal.say(`${id} cannot be read: ${what}`);
  if (all > LINES_MAX) terminal.say(`… and ${count(all - LINES_MAX)} more that cannot be read.`);
  suggest(terminal, `verify${configOptionText(values)}`);
}
