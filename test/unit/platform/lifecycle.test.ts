import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Clock } from '../../../src/model/clock.ts';
import { createNotify, startWatchdog, watchdogIntervalMs } from '../../../src/platform/lifecycle.ts';
import { silentLog } from '../../../src/platform/log.ts';

const LIFECYCLE = join(import.meta.dirname, '../../../src/platform/lifecycle.ts');
const variables = (values: Readonly<Record<string, string>>) => ({ get: (name: string) => values[name] });

test.each([
  [{}, null],
  [{ WATCHDOG_USEC: '30000000' }, 15_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(process.pid) }, 15_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' }, null],
  [{ WATCHDOG_USEC: 'soon' }, null],
])('the watchdog is fed at half of its time, and only by the process it watches: %j', (values, ms) => {
  expect(watchdogIntervalMs(variables(values))).toBe(ms);
});

/** A clock whose timers fire when the test says so. */
function handClock() {
  const due: (() => void)[] = [];
  const after: Clock['after'] = (_ms, action) => {
    due.push(action);
    return { cancel: () => {} };
  };
  const clock: Clock = { nowMs: () => 0, monotonicMs: () => 0, after };
  const tick = async (): Promise<void> => {
    for (const action of due.splice(0)) action();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, tick };
}

test('a sick, failing or silent appliance is not reported as alive', async () => {
  const { clock, tick } = handClock();
  const notify = vi.fn();
  const answers = [true, false, 'throw', true, 'hang'];
  const isHealthy = (): Promise<boolean> => {
    const answer = answers.shift();
    if (answer === 'throw') return Promise.reject(new Error('no answer'));
    return answer === 'hang' ? new Promise(() => {}) : Promise.resolve(answer === true);
  };
  const end = startWatchdog({ intervalMs: 1, clock, notify, isHealthy });
  for (let beat = 0; beat < 8; beat += 1) await tick();
  end();
  expect(notify.mock.calls).toEqual([['WATCHDOG=1'], ['WATCHDOG=1']]);
});

test('the service manager is told through systemd-notify; without one nothing is started', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-notify-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const told = join(folder, 'told');
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$*" > ${told}.new && mv ${told}.new ${told}\n`);
  chmodSync(join(folder, 'systemd-notify'), 0o755);
  vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
  onTestFinished(() => void vi.unstubAllEnvs());
  createNotify(variables({}), silentLog)('READY=1');
  createNotify(variables({ NOTIFY_SOCKET: '/run/x' }), silentLog)('STOPPING=1', 'STATUS=going');
  await vi.waitFor(() => expect(existsSync(told)).toBe(true), 5_000);
  expect(readFileSync(told, 'utf8').trim()).toBe(`--pid=${process.pid} STOPPING=1 STATUS=going`);
});

test('a missing systemd-notify does not stop the appliance', async () => {
  const warn = vi.fn();
  vi.stubEnv('PATH', '/does/not/exist');
  onTestFinished(() => void vi.unstubAllEnvs());
  createNotify(variables({ NOTIFY_SOCKET: '/run/x' }), { ...silentLog, warn })('READY=1');
  await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce(), 5_000);
});

function program(source: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('a second signal ends a stop that takes too long', async () => {
  const child = program(`
    const { untilStopSignal } = await import(${JSON.stringify(LIFECYCLE)});
    setInterval(() => {}, 1000);
    untilStopSignal().then((signal) => console.log('stopping ' + signal));
    console.log('up');`);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(String((await once(child.stdout, 'data'))[0])).toBe('stopping SIGTERM\n');
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([1, null]);
});

test('a bug ends the process with 70, and its text, which may quote a message, is not logged', async () => {
  const child = program(`
    const { crashOnBug } = await import(${JSON.stringify(LIFECYCLE)});
    crashOnBug({ error: (text, fields) => console.log(JSON.stringify({ text, ...fields })) });
    setTimeout(() => JSON.parse('DOE^JANE'), 1);`);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  expect(await once(child, 'close')).toEqual([70, null]);
  expect(JSON.parse(output)).toMatchObject({ class: 'SyntaxError', reason: expect.stringContaining('at JSON.parse') });
  expect(output).not.toContain('DOE');
});
