/** Where commands write: data to stdout, talk to stderr. Colour only for a person who wants it. */
import { CausewayError } from '../model/errors.ts';
import type { Environment } from '../platform/environment.ts';

/** Largest input taken from stdin, in bytes. */
const STDIN_BYTES_MAX = 536_870_912;

/** The colours that carry a meaning; never the only carrier of it. */
export type Colour = 'red' | 'yellow' | 'green' | 'dim' | 'bold';

/** The two ways out and the one way in of a command. */
export interface Terminal {
  /** One line of data (stdout). */
  out(line: string): void;
  /** One line of talk (stderr). */
  say(line: string): void;
  /** `text` in a colour when stdout is a terminal and the user did not refuse colour; else `text`. */
  paint(colour: Colour, text: string): string;
  /** True when a person reads stdout. */
  readonly interactive: boolean;
  /** How the user called the program: `bin/causeway` or `causeway`; suggestions are written the same way. */
  readonly command: string;
  /** Everything on stdin. @throws CausewayError `FRAME_TOO_LARGE` above 512 MiB */
  readInput(): Promise<Buffer>;
}

const SGR: Readonly<Record<Colour, number>> = { red: 31, yellow: 33, green: 32, dim: 2, bold: 1 };

/** The terminal of this process. */
export function systemTerminal(environment: Environment): Terminal {
  const interactive = process.stdout.isTTY === true;
  const coloured = interactive && environment.get('NO_COLOR') === undefined && environment.get('TERM') !== 'dumb';
  // `causeway tail | head` closes the pipe: that is a normal end, not a failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
    paint: (colour, text) => (coloured ? `\u001b[${SGR[colour]}m${text}\u001b[0m` : text),
    interactive,
    command: environment.get('CAUSEWAY_COMMAND') ?? 'causeway',
    readInput,
  };
}

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > STDIN_BYTES_MAX) throw new CausewayError('FRAME_TOO_LARGE', 'stdin has more than 512 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Says which command is useful next. */
export function suggest(terminal: Terminal, ...lines: readonly string[]): void {
  for (const line of lines) terminal.say(`${terminal.paint('dim', 'Next:')} ${terminal.command} ${line}`);
}
