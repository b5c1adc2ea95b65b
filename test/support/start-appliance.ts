/**
 * Runs the real appliance (`bin/causeway run --config FILE`) on a folder of its own and waits until it is ready.
 * The process leads its own process group, so that `kill9` ends everything it started.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './free-port.ts';

/** Root of the repository. */
export const REPOSITORY = resolve(import.meta.dirname, '../..');
/** The command as a user runs it. */
export const CAUSEWAY = join(REPOSITORY, 'bin/causeway');

/** Ports and address that go into the smallest configuration. */
export interface SmallestConfig {
  readonly statusPort: number;
  readonly mllpPort: number;
  readonly erpUrl: string;
  /** Events in one request; default 1. */
  readonly maxEvents?: number;
  /** Further lines of the destination, indented by four spaces. */
  readonly destinationExtra?: string;
  /** Further lines of the channel, indented by four spaces. */
  readonly channelExtra?: string;
  /** Further settings of the listener: `tls: { … }, allow: [ … ]`. */
  readonly listenerExtra?: string;
}

const comma = (extra = ''): string => (extra === '' ? '' : `, ${extra}`);

/** The configuration that the README promises to work exactly as written, ports and addresses aside. */
export function smallestConfig(options: SmallestConfig): string {
  return `facility: { id: st-marys, name: St Mary's Hospital, timezone: America/Chicago, currency: USD }
store: { path: ./data }
status: { port: ${options.statusPort} }
channels:
  - id: clinical
    listener: { kind: mllp, port: ${options.mllpPort}${comma(options.listenerExtra)} }
    format: { kind: hl7v2 }
    routes: [ { to: erp } ]
${options.channelExtra ?? ''}destinations:
  - id: erp
    kind: https-json
    url: ${options.erpUrl}
    allowInsecureLoopback: true
    idempotencyHeader: Idempotency-Key
    batch: { maxEvents: ${options.maxEvents ?? 1} }
${options.destinationExtra ?? ''}`;
}

/** What `startAppliance` needs; give either `erpUrl` (smallest configuration) or `config`. */
export interface ApplianceOptions {
  readonly erpUrl?: string;
  readonly maxEvents?: number;
  readonly destinationExtra?: string;
  readonly channelExtra?: string;
  readonly listenerExtra?: string;
  /** The whole configuration, when the smallest one does not do. */
  readonly config?: (ports: { readonly statusPort: number; readonly mllpPort: number }) => string;
  /** Command put before `bin/causeway`, e.g. `['strace', '-f', '-o', file]`; a function is given the folder. */
  readonly wrapper?: readonly string[] | ((directory: string) => readonly string[]);
  readonly environment?: Readonly<Record<string, string>>;
  /** The `bin/causeway` of another checkout. */
  readonly program?: string;
  /** Where the folder of the appliance is made; default: the folder for temporary files of the machine. */
  readonly parentDirectory?: string;
  /** Default 20,000. */
  readonly readyTimeoutMs?: number;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running appliance under test. Its folder survives `stop`, `kill9` and `restart`; `dispose` removes it. */
export interface Appliance {
  readonly directory: string;
  readonly configPath: string;
  readonly statusPort: number;
  readonly mllpPort: number;
  readonly statusUrl: string;
  /** Of the present process (of the wrapper, when one was given). */
  pid(): number;
  /** Everything the processes wrote on stdout and stderr so far, last 1,000,000 characters. */
  logs(): string;
  /** Starts a process again on the same folder and ports; returns ms until ready. */
  start(): Promise<number>;
  /** Like `start`, without the wrapper and the further environment. */
  startPlain(): Promise<number>;
  /** SIGTERM to the group, as a service manager does; rejects when it still runs after `timeoutMs` (15,000). */
  stop(timeoutMs?: number): Promise<Exit>;
  /** SIGKILL to the whole group. */
  kill9(): Promise<void>;
  /** Resolves when the present process ends. */
  exited(): Promise<Exit>;
  /** Runs `bin/causeway ARGS --config FILE` and collects what it prints. */
  command(...args: readonly string[]): Promise<CommandResult>;
  /** Kills the process if it still runs and removes the folder. For `onTestFinished`. */
  dispose(): Promise<void>;
}

/** What a finished command left. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const LOG_CHARACTERS_MAX = 1_000_000;

/** Starts the appliance and resolves once `GET /readyz` answers 200. @throws Error with the log when it does not */
export async function startAppliance(options: ApplianceOptions): Promise<Appliance> {
  const appliance = await prepareAppliance(options);
  try {
    await appliance.start();
  } catch (cause) {
    await appliance.dispose();
    throw cause;
  }
  return appliance;
}

/** Like `startAppliance`, but nothing runs until `start` is called. */
export async function prepareAppliance(options: ApplianceOptions): Promise<Appliance> {
  const [statusPort = 0, mllpPort = 0] = await freePorts(2);
  const directory = mkdtempSync(join(options.parentDirectory ?? tmpdir(), 'causeway-'));
  const configPath = join(directory, 'facility.yaml');
  const text =
    options.config?.({ statusPort, mllpPort }) ??
    smallestConfig({ ...options, erpUrl: options.erpUrl ?? 'http://127.0.0.1:9/events', statusPort, mllpPort });
  writeFileSync(configPath, text);
  const statusUrl = `http://127.0.0.1:${statusPort}`;
  const wrapper = typeof options.wrapper === 'function' ? options.wrapper(directory) : (options.wrapper ?? []);
  let child: Child | null = null;
  let earlierLogs = '';
  const logs = (): string => (earlierLogs + (child?.logs() ?? '')).slice(-LOG_CHARACTERS_MAX);
  const present = (): Child => {
    if (child === null) throw new Error('the appliance was not started');
    return child;
  };
  const begin = async (before: readonly string[], environment: Readonly<Record<string, string>>): Promise<number> => {
    earlierLogs = logs();
    const startedAt = performance.now();
    const program = options.program ?? CAUSEWAY;
    const [file = program, ...args] = [...before, program, 'run', '--config', configPath];
    child = launch(file, args, { directory, environment });
    await untilReady(child, `${statusUrl}/readyz`, options.readyTimeoutMs ?? 20_000);
    return performance.now() - startedAt;
  };
  return {
    directory,
    configPath,
    statusPort,
    mllpPort,
    statusUrl,
    pid: () => present().process.pid ?? -1,
    logs,
    start: () => begin(wrapper, options.environment ?? {}),
    startPlain: () => begin([], {}),
    stop: (timeoutMs = 15_000) => endWithin(present(), timeoutMs),
    async kill9() {
      signalGroup(present(), 'SIGKILL');
      await present().exited;
    },
    exited: () => present().exited,
    command: (...args) => runCommand(CAUSEWAY, [...args, '--config', configPath], directory),
    async dispose() {
      if (child !== null) {
        signalGroup(child, 'SIGKILL');
        await child.exited;
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Runs a program to its end; never rejects for its exit code. */
export async function runCommand(file: string, args: readonly string[], directory: string): Promise<CommandResult> {
  const child = spawn(file, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const { code } = await exitOf(child);
  return { code, stdout, stderr };
}

interface Child {
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  hasExited(): boolean;
  logs(): string;
}

interface LaunchOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

function launch(file: string, args: readonly string[], { directory, environment }: LaunchOptions): Child {
  const child = spawn(file, args, {
    cwd: directory,
    detached: true,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  let ended = false;
  const keep = (text: string) => {
    log = (log + text).slice(-LOG_CHARACTERS_MAX);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  const exited = exitOf(child).finally(() => {
    ended = true;
  });
  return { process: child, exited, hasExited: () => ended, logs: () => log };
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((settle) => {
    child.once('error', () => settle({ code: -1, signal: null }));
    child.once('close', (code, signal) => settle({ code, signal }));
  });
}

async function untilReady(child: Child, url: string, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (performance.now() < end) {
    if (child.hasExited()) throw new Error(`the appliance ended before it was ready:\n${child.logs()}`);
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      await answer.arrayBuffer();
      if (answer.status === 200) return;
    } catch {
      // Not listening yet.
    }
    await sleep(20);
  }
  signalGroup(child, 'SIGKILL');
  await child.exited;
  throw new Error(`the appliance was not ready after ${timeoutMs} ms:\n${child.logs()}`);
}

async function endWithin(child: Child, timeoutMs: number): Promise<Exit> {
  signalGroup(child, 'SIGTERM');
  const timer = new AbortController();
  const late = sleep(timeoutMs, null, { signal: timer.signal }).catch(() => null);
  const exit = await Promise.race([child.exited, late]);
  timer.abort();
  if (exit !== null) return exit;
  throw new Error(`the appliance still runs ${timeoutMs} ms after SIGTERM:\n${child.logs()}`);
}

function signalGroup(child: Child, signal: NodeJS.Signals): void {
  const { pid } = child.process;
  if (pid === undefined || child.hasExited()) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}
