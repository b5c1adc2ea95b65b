import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { APPLICATION } from './fake-context.ts';

const LAUNCHER = join(APPLICATION, 'bin', 'causeway');

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bin-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A copy of the launcher without the rest of the application. */
function bareLauncher(folder: string): string {
  mkdirSync(join(folder, 'app', 'bin'), { recursive: true });
  mkdirSync(join(folder, 'app', 'src'));
  writeFileSync(join(folder, 'app', 'src', 'main.ts'), '');
  copyFileSync(LAUNCHER, join(folder, 'app', 'bin', 'causeway'));
  return join(folder, 'app', 'bin', 'causeway');
}

/** A program named node that tells how it was called. */
function fakeNode(path: string, version: string): void {
  writeFileSync(path, `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; else echo "ran $0 $*"; fi\n`);
  chmodSync(path, 0o755);
}

test('it runs from anywhere, through any chain of links', () => {
  const folder = temporary();
  symlinkSync(LAUNCHER, join(folder, 'first'));
  mkdirSync(join(folder, 'deep'));
  symlinkSync('../first', join(folder, 'deep', 'second'));
  const output = execFileSync(join(folder, 'deep', 'second'), ['explain', 'limit', '--json'], {
    cwd: '/',
    encoding: 'utf8',
  });
  expect(JSON.parse(output)).toMatchObject({ code: 'limit' });
});

test('without any usable Node it says what to run', () => {
  const folder = temporary();
  const launcher = bareLauncher(folder);
  mkdirSync(join(folder, 'path'));
  for (const tool of ['dirname', 'readlink']) symlinkSync(`/usr/bin/${tool}`, join(folder, 'path', tool));
  fakeNode(join(folder, 'path', 'node'), 'v20.19.2');
  const ran = spawnSync('/bin/sh', [launcher, 'status'], { encoding: 'utf8', env: { PATH: join(folder, 'path') } });
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain('npm ci');
  expect(ran.stdout).toBe('');
});

test.each(['v24.12.0', 'v24.21.0', 'v25.0.0'])('a Node %s of the machine is good enough', (version) => {
  const folder = temporary();
  const launcher = bareLauncher(folder);
  mkdirSync(join(folder, 'path'));
  fakeNode(join(folder, 'path', 'node'), version);
  const ran = spawnSync('/bin/sh', [launcher, 'status'], {
    encoding: 'utf8',
    env: { PATH: `${join(folder, 'path')}:/usr/bin:/bin` },
  });
  expect(ran.stdout).toMatch(/ran .*node --disable-proto=delete --unhandled-rejections=strict .*src\/main\.ts status/);
});

test('a later Node that does not know a switch of the engine is started without it', () => {
  const folder = temporary();
  const launcher = bareLauncher(folder);
  mkdirSync(join(folder, 'path'));
  const refusal = `#!/bin/sh\ncase "$*" in *maglev*) echo "node: bad option" >&2; exit 9 ;; esac\n`;
  const path = join(folder, 'path', 'node');
  fakeNode(path, 'v25.0.0');
  writeFileSync(path, refusal + readFileSync(path, 'utf8'));
  const ran = spawnSync('/bin/sh', [launcher, 'status'], {
    encoding: 'utf8',
    env: { PATH: `${join(folder, 'path')}:/usr/bin:/bin` },
  });
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  expect(ran.stdout).toMatch(/ran .*node --disable-proto=delete .*src\/main\.ts status/);
});

test('the Node beside the application goes before that of the machine', () => {
  const folder = temporary();
  const launcher = bareLauncher(folder);
  mkdirSync(join(folder, 'runtime'));
  fakeNode(join(folder, 'runtime', 'node'), 'v24.21.0');
  const ran = spawnSync('/bin/sh', [launcher], { encoding: 'utf8' });
  expect(ran.stdout).toContain('runtime/node');
});

test('it is replaced by Node, so that signals reach the appliance', async () => {
  const folder = temporary();
  const child = spawn(LAUNCHER, ['sandbox', '--port', '0', '--dir', folder, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { pid } = JSON.parse(line.toString()) as { pid: number };
  expect(pid).toBe(child.pid);
  expect(readFileSync(join(folder, 'url'), 'utf8')).toMatch(/^https:/);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
