/**
 * Reads a trace of `strace -f -yy` and decides for every acknowledgment whether it was given after the fact: its
 * message was written to the log of the store, that write had ended before a sync of the same file began, and that sync
 * had succeeded before the write of the reply began. Anything less is an ACK that a power cut can prove wrong.
 */

/** System calls that the proof needs. */
export const TRACED_CALLS = 'write,writev,pwrite64,sendto,sendmsg,fdatasync,fsync';

/** Arguments of strace that make a trace this reader understands; append the command. */
export const straceArguments = (file: string): readonly string[] => [
  ...['-f', '-yy', '-s', '262144', '-e', `trace=${TRACED_CALLS}`, '-e', 'signal=none', '-o', file],
];

/** What the trace shows about one acknowledged message. */
export interface AckFinding {
  readonly controlId: string;
  readonly problem: string | null;
}

interface Call {
  readonly name: string;
  /** File or socket of the first argument, as strace decodes it. */
  readonly target: string;
  readonly text: string;
  readonly result: number;
  /** Line numbers: the order in which the kernel saw begin and end. */
  readonly begin: number;
  readonly end: number;
}

const ACK = /MSA\|AA\|([A-Za-z0-9]+)/g;
const LINE = /^(\d+)\s+(.*)$/;
const UNFINISHED = /^(\w+)\((.*?)\s*<unfinished \.\.\.>$/;
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)$/;
const ENDED = /^(\w+)\((.*)\)\s+= (-?\d+)/;

/** Every acknowledgment in the trace with what is wrong about it. `logFile` matches the store's log files. */
export function findAcks(trace: string, logFile: RegExp): readonly AckFinding[] {
  const calls = readCalls(trace);
  const logWrites = calls.filter(({ name, target }) => /^p?write/.test(name) && logFile.test(target));
  const syncs = calls.filter(({ name, target, result }) => /sync$/.test(name) && logFile.test(target) && result === 0);
  return calls
    .filter(({ target }) => target.startsWith('TCP'))
    .flatMap((reply) =>
      [...reply.text.matchAll(ACK)].map(([, controlId = '']) => ({
        controlId,
        problem: problemOf({ controlId, reply, logWrites, syncs }),
      })),
    );
}

interface Evidence {
  readonly controlId: string;
  readonly reply: Call;
  readonly logWrites: readonly Call[];
  readonly syncs: readonly Call[];
}

function problemOf({ controlId, reply, logWrites, syncs }: Evidence): string | null {
  const stored = logWrites.filter(({ text, end }) => text.includes(controlId) && end < reply.begin);
  if (stored.length === 0) return 'acknowledged before it was written to the log of the store';
  const durable = stored.some((write) =>
    syncs.some((sync) => sync.target === write.target && sync.begin > write.end && sync.end < reply.begin),
  );
  return durable ? null : 'acknowledged before a sync that began after its write had succeeded';
}

/** Calls with begin and end; a call that a thread had not ended when the trace stopped is left out. */
function readCalls(trace: string): readonly Call[] {
  const calls: Call[] = [];
  const open = new Map<string, { readonly text: string; readonly begin: number }>();
  for (const [index, line] of trace.split('\n').entries()) {
    const [, thread = '', rest = ''] = LINE.exec(line) ?? [];
    const unfinished = UNFINISHED.exec(rest);
    if (unfinished !== null) {
      open.set(thread, { text: `${unfinished[1]}(${unfinished[2]}`, begin: index });
      continue;
    }
    const resumed = RESUMED.exec(rest);
    const start = resumed === null ? { text: '', begin: index } : open.get(thread);
    if (start === undefined) continue;
    const ended = ENDED.exec(start.text + (resumed?.[2] ?? rest));
    if (ended === null) continue;
    const [, name = '', text = '', result = ''] = ended;
    calls.push({ name, target: targetOf(text), text, result: Number(result), begin: start.begin, end: index });
  }
  return calls;
}

/** `22<TCP:[127.0.0.1:2575->127.0.0.1:5000]>, …` → `TCP:[127.0.0.1:2575->127.0.0.1:5000]`. */
const targetOf = (text: string): string => /^\d+<(.*?)>(?:,|$)/.exec(text)?.[1] ?? '';
