/** Entry of the process: one command line in, one exit code out. Started by `bin/causeway`. */
import { dirname } from 'node:path';
import { runProgram } from './cli/program.ts';
import { systemTerminal } from './cli/terminal.ts';
import { systemClock, systemRandom } from './platform/clock.ts';
import { environment } from './platform/environment.ts';
import { untilStopSignal } from './platform/lifecycle.ts';

const exitCode = await runProgram(process.argv.slice(2), {
  terminal: systemTerminal(environment),
  clock: systemClock,
  random: systemRandom,
  environment,
  applicationDirectory: dirname(import.meta.dirname),
  untilStop: untilStopSignal,
});
// Everything worth waiting for has been awaited; a socket that lingers must not keep the process.
process.exit(exitCode);
