/** The first minutes with the product: `npm start`, what it prints, the command it tells, and an outage of the ERP. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { LedgerSummary } from '../../src/sandbox/ledger.ts';
import { erpOf, statusOf, untilErp } from '../support/appliance-status.ts';
import { freePorts } from '../support/free-port.ts';
import { CAUSEWAY, REPOSITORY, runCommand } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

interface Demo {
  readonly folder: string;
  readonly config: string;
  readonly sandboxFolder: string;
  readonly statusUrl: string;
  readonly mllpPort: number;
  readonly erpPort: number;
}

/** The bundled example in a folder of its own, on ports of its own. Everything else stays as it is shipped. */
async function copyOfExample(): Promise<Demo> {
  const [statusPort = 0, mllpPort = 0, erpPort = 0] = await freePorts(3);
  const folder = mkdtempSync(join(tmpdir(), 'causeway-demo-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'config/example');
  cpSync(join(REPOSITORY, 'config/example'), config, {
    recursive: true,
    filter: (from) => !from.endsWith('/data'),
  });
  const ports = { 'port: 8080': `port: ${statusPort}`, 'port: 2575': `port: ${mllpPort}`, ':18443/': `:${erpPort}/` };
  let replaced = 0;
  for (const name of readdirSync(config, { recursive: true, encoding: 'utf8' })) {
    const path = join(config, name);
    if (!statSync(path).isFile()) continue;
    let text = readFileSync(path, 'utf8');
    for (const [from, to] of Object.entries(ports)) {
      if (!text.includes(from)) continue;
      text = text.replace(from, to);
      replaced += 1;
    }
    writeFileSync(path, text);
  }
  expect(replaced).toBe(3);
  const sandboxFolder = join(config, 'data/sandbox');
  return { folder, config, sandboxFolder, statusUrl: `http://127.0.0.1:${statusPort}`, mllpPort, erpPort };
}

interface Running {
  readonly output: () => string;
  /** SIGTERM to the appliance; its exit code. */
  readonly stop: () => Promise<number | null>;
}

/** What `npm start` runs, with the copy as its configuration. */
function start({ folder, config }: Demo): Running {
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  const [program = '', ...args] = scripts.start.split(' ');
  const child = spawn(join(REPOSITORY, program), [...args, '--config', config], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<number | null>((resolve) => void child.once('close', resolve));
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  onTestFinished(async () => {
    child.kill('SIGKILL'); // the sandbox ends by itself when the appliance is gone
    await ended;
  });
  return { output: () => output, stop };
}

const sandbox = ({ folder, sandboxFolder }: Demo, ...args: readonly string[]) =>
  runCommand(CAUSEWAY, ['sandbox', ...args, '--dir', sandboxFolder], folder);

async function summaryOf(demo: Demo): Promise<LedgerSummary> {
  const { stdout } = await sandbox(demo, 'summary', '--json');
  return JSON.parse(stdout) as LedgerSummary;
}

/** One request to the sandbox ERP; the reason when TLS or the connection refuses. */
function ask({ erpPort }: Demo, ca: string | undefined): Promise<string> {
  return new Promise((resolve) => {
    const url = `https://127.0.0.1:${erpPort}/summary`;
    const outgoing = request(url, { agent: false, ...(ca === undefined ? {} : { ca }) }, (response) => {
      response.resume();
      resolve(`status ${response.statusCode}`);
    });
    outgoing.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    outgoing.end();
  });
}

test('npm start tells what listens where and how to send a first message, which reaches the sandbox ERP', async () => {
  const demo = await copyOfExample();
  const running = start(demo);
  await until(
    'the demo is ready',
    () => /^Ready\b/m.test(running.output()) && running.output().includes('Next:'),
    90_000,
  );
  const told = running.output();
  expect(told).toContain(`127.0.0.1:${demo.mllpPort}`);
  expect(told).toContain(`https://127.0.0.1:${demo.erpPort}/events`);
  expect(told).toContain(`${demo.statusUrl}/`);
  expect((await fetch(`${demo.statusUrl}/readyz`)).status).toBe(200);
  expect((await fetch(`${demo.statusUrl}/`)).headers.get('content-type')).toMatch(/^text\/html/);

  const command = /^Next: (.*send --sample .*)$/m.exec(told)?.[1];
  expect(command).toBeDefined();
  const first = await runCommand('sh', ['-c', command ?? 'false'], demo.folder);
  expect(first).toMatchObject({ code: 0 });
  expect(first.stdout).toMatch(/^AA /m);
  await untilErp(demo, { posted: 2, waiting: 0 });
  const { events, kinds, conflicts } = await summaryOf(demo);
  expect({ events, conflicts }).toEqual({ events: 2, conflicts: 0 });
  expect(Object.keys(kinds).join(' ')).toMatch(
    /encounter\.opened.*patient\.registered|patient\.registered.*encounter\.opened/,
  );

  // The example ERP recognises what it has: a replay simply works, and opens no case.
  const message = ['--from', 'm0000000000000001', '--to', 'm0000000000000001', '--yes'];
  const where = ['--config', demo.config];
  const again = await runCommand(CAUSEWAY, ['replay', '--destination', 'erp', ...message, ...where], demo.folder);
  expect(again).toMatchObject({ code: 0 });
  await untilErp(demo, { posted: 2, waiting: 0, held: 0 });
  expect(await summaryOf(demo)).toMatchObject({ events: 2, conflicts: 0 });

  const ca = readFileSync(join(demo.sandboxFolder, 'ca.pem'), 'utf8');
  expect(await ask(demo, ca)).toBe('status 200');
  expect(await ask(demo, undefined)).toMatch(/CERT|SIGNATURE|ISSUER|SELF_SIGNED/);

  expect(await running.stop()).toBe(0);
  expect(await ask(demo, ca)).toBe('ECONNREFUSED');
  expect(existsSync(join(demo.config, 'data/store'))).toBe(true);
});

test('an outage of the sandbox ERP is seen in the status, ends by itself, and everything arrives once', async () => {
  const demo = await copyOfExample();
  const running = start(demo);
  await until('the demo is ready', () => /^Ready\b/m.test(running.output()), 90_000);
  const failed = await sandbox(demo, 'fail', '503', '--for', '3s');
  expect(failed).toMatchObject({ code: 0 });
  expect(failed.stdout).toMatch(/503 for \d s/);
  const config = ['--config', demo.config];
  const sent = await runCommand(
    CAUSEWAY,
    ['send', '--sample', 'adt-a01', '--repeat', '20', '--quiet', ...config],
    demo.folder,
  );
  expect(sent).toMatchObject({ code: 0 });
  expect(sent.stdout).toMatch(/20 messages sent: 20 AA/);

  const during = await until('the status shows the outage', async () => {
    const snapshot = await statusOf(demo);
    return snapshot.verdict.state === 'blocked' ? snapshot : null;
  });
  expect(during.verdict.text).toMatch(/erp/);
  expect(during.destinations[0]).toMatchObject({ state: 'blocked', waiting: 40, posted: 0 });
  expect(during.destinations[0]?.lastFailure?.reason).toBe('status 503');
  expect((await runCommand(CAUSEWAY, ['status', '--check', ...config], demo.folder)).code).toBe(1);

  await untilErp(demo, { posted: 40, waiting: 0 }, 30_000);
  const after = await until('the status is good again', async () => {
    const row = await erpOf(demo);
    return row.circuit === 'closed' && row.state === 'flowing' ? row : null;
  });
  expect(after).toMatchObject({ held: 0, dead: 0 });
  expect((await runCommand(CAUSEWAY, ['status', '--check', ...config], demo.folder)).code).toBe(0);
  expect(await summaryOf(demo)).toMatchObject({ events: 40, misordered: 0, conflicts: 0 });
  expect(await running.stop()).toBe(0);
});
