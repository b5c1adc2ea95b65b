/** The null ERP of the bench: `bench/tools/http-sink.c`. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/free-port.ts';

/** What the sink counted since the last reset. */
export interface SinkStats {
  readonly requests: number;
  readonly unique: number;
  readonly duplicates: number;
  readonly out_of_order: number;
  readonly busy_seconds: number;
  readonly unique_per_s: number;
}

/** A running sink. */
export interface Sink {
  readonly url: string;
  stats(): Promise<SinkStats>;
  reset(): Promise<void>;
  /** `false`: connections are refused. */
  setUp(up: boolean): Promise<void>;
  stop(): Promise<void>;
}

const STARTS_MAX = 10;

/** Starts the sink; it needs two neighbouring ports and is started again with others when they are taken. */
export async function startSink(program: string): Promise<Sink> {
  for (let attempt = 0; attempt < STARTS_MAX; attempt++) {
    const port = await freePort();
    const child = spawn(program, [String(port)], { stdio: 'ignore' });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const control = async (path: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${port + 1}${path}`)).text();
    const answers = await answersWithin(
      () => control('/stats'),
      () => child.exitCode !== null,
    );
    if (!answers) continue;
    return {
      url: `http://127.0.0.1:${port}/events`,
      stats: async () => JSON.parse(await control('/stats')) as SinkStats,
      reset: async () => void (await control('/reset')),
      setUp: async (up) => void (await control(up ? '/up' : '/down?mode=refuse')),
      async stop() {
        child.kill('SIGTERM');
        await exited;
      },
    };
  }
  throw new Error('no two neighbouring free ports for the sink');
}

async function answersWithin(ask: () => Promise<unknown>, hasEnded: () => boolean): Promise<boolean> {
  for (let attempt = 0; attempt < 100 && !hasEnded(); attempt++) {
    try {
      await ask();
      return true;
    } catch {
      await sleep(20);
    }
  }
  return false;
}
