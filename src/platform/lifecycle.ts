/**
 * The process and its service manager: stop signals, the end after a bug, readiness and watchdog messages.
 *
 * Node has no datagram unix sockets, so `systemd-notify` is spawned for each message (sd_notify(3)); the unit needs
 * `NotifyAccess=all`. Outside of a service manager (no NOTIFY_SOCKET) nothing is spawned.
 */
import { spawn } from 'node:child_process';
import { flushCompileCache } from 'node:module';
import type { Clock, Timer } from '../model/clock.ts';
import type { Environment } from './environment.ts';
import type { Log } from './log.ts';

/** Exit status after a bug (EX_SOFTWARE of sysexits.h): the service manager starts the process again. */
const EXIT_BUG = 70;

/**
 * Resolves with the first SIGTERM or SIGINT from now on. The second one ends the process at once with status 1: whoever
 * sends it does not want to wait for a graceful stop. Call once per process.
 */
export function untilStopSignal(): Promise<'SIGTERM' | 'SIGINT'> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: 'SIGTERM' | 'SIGINT'): void => {
      if (asked) process.exit(1);
      asked = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** Calls `reload` for every SIGHUP from now on, as service managers ask for a reload (systemd: ExecReload=). */
export function onReloadSignal(reload: () => void): void {
  process.on('SIGHUP', reload);
}

/** Keeps the code that was compiled so far for the next start, though the process may be killed (`bin/causeway`). */
export const keepCompiledCode = (): void => flushCompileCache();

/**
 * A bug ends the process with status 70 after one log line; what was not acknowledged is sent again by its sender.
 * The line has the error's name, code and stack frames but not its text: a parser's error can quote a message.
 */
export function crashOnBug(log: Log): void {
  process.on('uncaughtException', (error: unknown) => {
    log.error('the process ends because of a bug', { class: nameOf(error), reason: framesOf(error) });
    process.exit(EXIT_BUG);
  });
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  return `${error.name}${code}`;
}

function framesOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return frames.map((line) => line.trim()).join(' < ');
}

/**
 * Keeps the process alive until the function that it returns is called: the timers of the clock do not, so that a start
 * that waits for the disk, before anything listens, ended in silence.
 */
export function stayAlive(): () => void {
  const timer = setInterval(() => {}, 2 ** 30);
  return () => clearInterval(timer);
}

/** Sends one message to the service manager. Never throws: a lost message must not stop the appliance. */
export type Notify = (...assignments: readonly string[]) => void;

/** The notifier of this process: spawns `systemd-notify` when NOTIFY_SOCKET is set, else does nothing. */
export function createNotify(environment: Environment, log: Log): Notify {
  if (environment.get('NOTIFY_SOCKET') === undefined) return () => {};
  return (...assignments) => {
    const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...assignments], { stdio: 'ignore' });
    child.once('error', (error) => log.warn('systemd-notify cannot be started', { reason: nameOf(error) }));
    child.unref();
  };
}

/**
 * Milliseconds between two watchdog messages: half of WATCHDOG_USEC (sd_watchdog_enabled(3)), or null when the service
 * manager asks this process for none.
 */
export function watchdogIntervalMs(environment: Environment): number | null {
  const microseconds = Number(environment.get('WATCHDOG_USEC') ?? '0');
  const pid = environment.get('WATCHDOG_PID');
  if (!Number.isSafeInteger(microseconds) || microseconds <= 0) return null;
  if (pid !== undefined && pid !== String(process.pid)) return null;
  return Math.max(1, Math.floor(microseconds / 2_000));
}

/** What `startWatchdog` needs. */
export interface WatchdogOptions {
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly notify: Notify;
  /** Resolves true when the appliance works. While it is pending, rejects or answers false, no message is sent. */
  readonly isHealthy: () => Promise<boolean>;
}

/**
 * Sends WATCHDOG=1 every `intervalMs` as long as the appliance answers that it is healthy; returns the function that
 * ends it.
 */
export function startWatchdog(options: WatchdogOptions): () => void {
  let timer: Timer | null = null;
  let ended = false;
  const beat = async (): Promise<void> => {
    const healthy = await options.isHealthy().catch(() => false);
    if (ended) return;
    if (healthy) options.notify('WATCHDOG=1');
    timer = options.clock.after(options.intervalMs, () => void beat());
  };
  void beat();
  return () => {
    ended = true;
    timer?.cancel();
  };
}
