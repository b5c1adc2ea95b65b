/** Runs the load generator `bench/tools/mllp-load.c` once. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Either `seconds` (after `warmupSeconds`) or `count` messages. */
export interface LoadOptions {
  readonly program: string;
  readonly port: number;
  readonly corpusFile: string;
  readonly connections: number;
  readonly seconds?: number;
  readonly warmupSeconds?: number;
  readonly count?: number;
}

/** What the generator prints. Latencies in ms. */
export interface LoadResult {
  readonly sent: number;
  readonly acked: number;
  readonly nak: number;
  readonly bad_id: number;
  readonly timed_out: boolean;
  readonly seconds: number;
  readonly msgs_per_s: number;
  readonly lat_ms: Readonly<Record<'p50' | 'p90' | 'p99' | 'p999' | 'max' | 'mean', number>>;
}

let runs = 0;
const session = Math.floor(Math.random() * 46_656)
  .toString(36)
  .padStart(3, '0');

/** Sends with control ids that no other run of this machine used; rejects when a reply was wrong or missing. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { program, port, corpusFile, connections, seconds, warmupSeconds = 0, count } = options;
  const prefix = `Z${session}${(runs++).toString(36)}`;
  const amount =
    count === undefined
      ? ['--seconds', String(seconds ?? 1), '--warmup', String(warmupSeconds)]
      : ['--count', String(count)];
  const fixed = ['--port', String(port), '--corpus', corpusFile, '--conns', String(connections), '--prefix', prefix];
  const child = spawn(program, [...fixed, ...amount, '--timeout', '60'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text));
  child.stderr.on('data', (text: Buffer) => (stderr += text));
  await once(child, 'close');
  if (stdout === '') throw new Error(`the load generator gave up: ${stderr.trim()}`);
  const result = JSON.parse(stdout) as LoadResult;
  if (result.nak + result.bad_id > 0 || result.timed_out)
    throw new Error(`not every message was acknowledged: ${stdout}`);
  return result;
}
