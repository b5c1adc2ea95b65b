/**
 * How many times in a row the appliance ended without stopping: a file in the folder of the store that an orderly stop
 * takes away. What ends the process again and again may be the store itself.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'RUNNING';

/** Notes a start; returns the unclean ends since the last orderly stop. Not synced: it outlives the process only. */
export function noteStart(storePath: string): number {
  const ends = uncleanEnds(storePath);
  keep(storePath, ends);
  return ends;
}

/** The reason was found and dealt with: counts anew. */
export const forgetUncleanEnds = (storePath: string): void => keep(storePath, 0);

/** An orderly stop. */
export const noteStop = (storePath: string): void => rmSync(join(storePath, FILE), { force: true });

function keep(storePath: string, uncleanEnds: number): void {
  try {
    writeFileSync(join(storePath, FILE), `${JSON.stringify({ uncleanEnds })}\n`, { mode: 0o600 });
  } catch {
    // A full disk must not keep the appliance from starting.
  }
}

function uncleanEnds(storePath: string): number {
  try {
    const { uncleanEnds: before } = JSON.parse(readFileSync(join(storePath, FILE), 'utf8')) as {
      uncleanEnds?: unknown;
    };
    return (Number.isSafeInteger(before) ? Number(before) : 0) + 1;
  } catch (error) {
    // A file that was cut short: the process ended while it was written.
    return error instanceof SyntaxError ? 1 : 0;
  }
}
