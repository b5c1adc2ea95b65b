import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from './source-tree.ts';

const UNIT = join(ROOT, 'systemd/causeway.service');
const text = readFileSync(UNIT, 'utf8');
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
const hasSysusers = spawnSync('systemd-sysusers', ['--version']).status === 0;

const run = (command: string, ...args: readonly string[]) => spawnSync(command, args, { encoding: 'utf8' });

function copyOf(unit: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'causeway.service');
  writeFileSync(file, unit);
  return file;
}

test.skipIf(!hasAnalyze)('the unit stays confined: exposure at most 1.5 of 10', () => {
  const { status, stdout, stderr } = run(
    'systemd-analyze',
    'security',
    '--offline=true',
    '--threshold=15',
    '--no-pager',
    UNIT,
  );
  expect(stdout + stderr).toContain('Overall exposure level');
  expect(status, stdout).toBe(0);
});

test.skipIf(!hasAnalyze)('a unit that gives up its confinement is refused', () => {
  const open = copyOf(text.replace(/^(?:ProtectSystem|PrivateUsers|CapabilityBoundingSet)=.*$/gm, ''));
  expect(run('systemd-analyze', 'security', '--offline=true', '--threshold=15', '--no-pager', open).status).not.toBe(0);
});

test.skipIf(!hasAnalyze)('systemd knows every line of the unit', () => {
  // The application is not installed on the machine of a test: any program that exists stands for it.
  const unit = copyOf(text.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/sh'));
  const { stderr } = run('systemd-analyze', 'verify', '--man=no', unit);
  expect(stderr.split('\n').filter((line) => line.includes('causeway.service'))).toEqual([]);
});

test.skipIf(!hasSysusers)('the service user is described as systemd wants it', () => {
  const { status, stderr } = run('systemd-sysusers', '--dry-run', join(ROOT, 'systemd/causeway.sysusers'));
  expect(status, stderr).toBe(0);
});

test('the unit keeps what the product relies on', () => {
  for (const line of [
    'Type=notify',
    'NotifyAccess=all',
    'WatchdogSec=30',
    'Restart=always',
    'StateDirectoryMode=0700',
    'LimitCORE=0',
    'ExecStart=/usr/lib/causeway/bin/causeway run --config /etc/causeway',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).not.toMatch(/^MemoryDenyWriteExecute=/m);
});
