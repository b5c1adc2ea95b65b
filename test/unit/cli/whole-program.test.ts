/** The program as a person starts it: real processes, ports chosen by the system where that is possible. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../support/free-port.ts';
import { APPLICATION } from './fake-context.ts';

const LAUNCHER = join(APPLICATION, 'bin', 'causeway');
/** Two RSA keys and a store are made on a machine that may be busy. */
const PATIENCE_MS = 60_000;

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-whole-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function start(argv: readonly string[]) {
  const child = spawn(LAUNCHER, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.stderr += chunk.toString();
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }));
  return { child, said, ended };
}

const run = (...argv: readonly string[]) => start(argv).ended;

async function until(isTrue: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !isTrue(); waited += 50) {
    if (waited > PATIENCE_MS) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A configuration beside its sandbox, as the bundled example has it. */
async function facility() {
  const folder = temporary();
  const [mllp, erp] = await freePorts(2);
  const config = join(folder, 'facility.yaml');
  writeFileSync(
    config,
    `facility: { id: north, name: North, timezone: America/Chicago, currency: USD }
store: { path: ./store }
status: { port: 0 }
channels:
  - { id: clinical, listener: { kind: mllp, port: ${mllp} }, format: { kind: hl7v2 }, routes: [{ to: erp }] }
destinations:
  - { id: erp, kind: https-json, url: 'https://localhost:${erp}/events', tls: { caFile: ./sandbox/ca.pem } }
`,
  );
  return { config, sandbox: join(folder, 'sandbox') };
}

const BROKEN = `facility: { id: North, name: North, timezone: America/Chicgo, currency: USD }
store: { path: ./store }
status: { prt: 8080 }
channels: []
`;

test('run refuses a wrong configuration in the words of validate', { timeout: PATIENCE_MS }, async () => {
  const config = join(temporary(), 'facility.yaml');
  writeFileSync(config, BROKEN);
  const [validated, ran] = await Promise.all([run('validate', '--config', config), run('run', '--config', config)]);
  expect([validated.code, ran.code]).toEqual([1, 1]);
  const problems = validated.stdout.trimEnd().split('\n');
  expect(problems.length).toBeGreaterThanOrEqual(4);
  for (const problem of problems) expect(problem).toMatch(/facility\.yaml:\d+:\d+ /);
  expect(ran.stderr.split('\n').slice(0, problems.length)).toEqual(problems);
});

test('validate --json gives the same problems to programs', { timeout: PATIENCE_MS }, async () => {
  const config = join(temporary(), 'facility.yaml');
  writeFileSync(config, BROKEN);
  const { code, stdout } = await run('validate', '--json', '--config', config);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    problems: expect.arrayContaining([expect.objectContaining({ line: 3, path: 'status.prt' })]),
  });
});

test('the demo takes a first message to the sandbox ERP and both end together', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  const { config, sandbox } = await facility();
  const demo = start(['demo', '--config', config]);
  await until(() => demo.said.stderr.includes('Next:') || demo.child.exitCode !== null, 'the demo is ready');
  expect(demo.said.stderr).toMatch(/channel clinical: mllp on 127\.0\.0\.1:\d+/);
  expect(demo.said.stderr).toMatch(/status page: http:\/\/127\.0\.0\.1:\d+\//);
  const suggested = /Next: \S+ (send .*)/.exec(demo.said.stderr)?.[1]?.split(' ') ?? [];
  expect(await run(...suggested, '--expect', 'AA')).toMatchObject({ code: 0 });

  let events = 0;
  while (events < 2) {
    const { stdout } = await run('sandbox', 'summary', '--json', '--dir', sandbox);
    ({ events } = JSON.parse(stdout) as { events: number });
  }
  expect(events).toBe(2);
  expect((await run('status', '--check', '--config', config)).code).toBe(0);
  expect(await run('demo', '--config', config)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('LISTENER_BIND_FAILED'),
  });

  demo.child.kill('SIGTERM');
  expect((await demo.ended).code).toBe(0);
  expect((await run('sandbox', 'summary', '--dir', sandbox)).code).toBe(2);
  expect((await run('status', '--config', config)).code).toBe(2);
});

test('a demo that is killed does not leave its sandbox behind', { timeout: PATIENCE_MS }, async () => {
  const { config, sandbox } = await facility();
  const demo = start(['demo', '--config', config]);
  await until(() => demo.said.stderr.includes('Next:') || demo.child.exitCode !== null, 'the demo is ready');
  expect((await run('sandbox', 'summary', '--dir', sandbox)).code).toBe(0);
  demo.child.kill('SIGKILL');
  let code: number | null = 0;
  while (code === 0) ({ code } = await run('sandbox', 'summary', '--dir', sandbox));
  expect(code).toBe(2);
});
