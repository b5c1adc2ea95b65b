/** `causeway profile`: from a folder of samples to a channel that knows its sender, without an appliance. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { fakeContext } from './fake-context.ts';

const message = (controlId: string, type = 'ADT^A01'): string =>
  `MSH|^~\\&|REG|NORTH|C|D|20260301||${type}|${controlId}|P|2.5.1\nPID|1||SECRET7\n`;

function folder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'causeway-profile-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

async function run(...argv: readonly string[]) {
  const context = fakeContext();
  const code = await runProgram(['profile', ...argv], context);
  return { code, text: context.stdout.join('\n'), stderr: context.stderr.join('\n') };
}

test('samples become a profile that the channel takes, and other messages are told apart from them', async () => {
  const samples = folder({
    'a/batch.hl7': `FHS|^~\\&|REG\nBHS|^~\\&|REG\n${message('1')}${message('2')}BTS|2\nFTS|1\n`,
    'b.txt': `${message('3')}MSH|^~\\&|alone\n`,
    'notes.md': 'about MSH-10',
  });
  const learned = await run('learn', samples);
  expect(learned.code).toBe(0);
  expect(learned.stderr).toContain('Learned from 3 messages, 1 message could not be read.');
  expect(learned.text).not.toContain('SECRET');

  const config = join(
    folder({
      'facility.yaml': `facility: { id: a, name: A, timezone: UTC, currency: USD }
store: { path: ./data }
status: { port: 8080 }
destinations: [ { id: erp, kind: https-json, url: https://erp.example.org } ]
`,
      'channels/reg.yaml': `id: reg
listener: { kind: mllp, port: 2575 }
format: { kind: hl7v2 }
routes: [ { to: erp } ]
${learned.text}
`,
    }),
  );
  const same = await run('compare', samples, '--config', config, '--channel', 'reg');
  expect([same.code, same.text]).toEqual([0, '']);
  const others = folder({ 'new.hl7': message('4', 'ADT^A08') });
  const differs = await run('compare', others, '--config', config, '--channel', 'reg', '--json');
  expect(differs.code).toBe(1);
  expect(JSON.parse(differs.text)).toMatchObject({ kind: 'message-type', what: 'ADT^A08', count: 1 });
});

test('without messages, or without a learned profile, it says so', async () => {
  const empty = folder({ 'notes.md': 'nothing' });
  expect((await run('learn', empty)).code).toBe(1);
  expect((await run('learn', join(empty, 'absent'))).stderr).toContain('does not exist');
  expect((await run('compare', empty)).stderr).toContain('--channel');
  expect((await run('compare', empty, '--channel', 'clinical')).stderr).toContain('has learned nothing');
});
