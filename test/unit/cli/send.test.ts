import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { controlIdOf } from '../../../src/cli/hl7-files.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { SAMPLES } from '../../../src/cli/samples.ts';
import { startFakeAppliance } from './fake-appliance.ts';
import { type FakeFacts, fakeContext } from './fake-context.ts';
import { type FakeReceiver, startReceiver } from './fake-receiver.ts';

const message = (controlId: string): string => `MSH|^~\\&|A|B|C|D|20260301||ADT^A01|${controlId}|P|2.5.1\nPID|1\n`;

async function receiver(): Promise<FakeReceiver> {
  const started = await startReceiver();
  onTestFinished(() => started.stop());
  return started;
}

function folder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'causeway-send-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

async function send(argv: readonly string[], facts: FakeFacts = {}) {
  const context = fakeContext(facts);
  const code = await runProgram(['send', ...argv], context);
  return { code, stdout: context.stdout, stderr: context.stderr };
}

test('a folder is sent in the order of its names, and files without a message are counted', async () => {
  const target = await receiver();
  const path = folder({
    'b.hl7': message('B1') + message('B2'),
    'a/deep.txt': message('A1'),
    'notes.md': 'about MSH-10',
  });
  const { code, stdout, stderr } = await send([path, '--to', target.address]);
  expect(code).toBe(0);
  expect(target.received.map(controlIdOf)).toEqual(['A1', 'B1', 'B2']);
  expect(stdout.at(-1)).toMatch(/^3 messages sent: 3 AA; 1 file skipped \(no HL7 v2 message in it\)\./);
  expect([...stdout, ...stderr].join('\n')).not.toContain('notes.md');
});

test('any reply but AA makes the exit code 1, and its text is shown', async () => {
  const target = await receiver();
  target.reply = (frame, index) =>
    index === 1 ? `AE|${controlIdOf(frame)}|PID-3 is required` : `AA|${controlIdOf(frame)}`;
  const { code, stdout } = await send([
    folder({ 'a.hl7': message('1') + message('2') + message('3') }),
    '--to',
    target.address,
  ]);
  expect(code).toBe(1);
  expect(stdout[1]).toMatch(/^AE .* 2 .*PID-3 is required$/);
  expect(stdout[3]).toBe('Not AA:');
  expect(stdout[4]).toMatch(/^ {2}\S*a\.hl7 {2}2 {2}AE {2}PID-3 is required$/);
});

test('fifty failed messages are named again at the end, even when only the summary is wanted', async () => {
  const target = await receiver();
  target.reply = (frame) => `AE|${controlIdOf(frame)}|busy`;
  const { stdout } = await send(['--sample', 'adt-a01', '--repeat', '52', '--quiet', '--to', target.address]);
  expect(stdout).toHaveLength(53);
  expect(stdout.at(-2)).toBe('  … and 2 more');
});

test('several samples are sent in the order in which they are named', async () => {
  const target = await receiver();
  const { code } = await send(['--sample', 'dft-p03', '--sample', 'adt-a01', '--to', target.address]);
  expect(code).toBe(0);
  const types = target.received.map((frame) => frame.toString('latin1').split('|')[8]?.slice(0, 7));
  expect(types).toEqual(['DFT^P03', 'ADT^A01']);
});

test('--expect makes a refusal the wanted answer', async () => {
  const target = await receiver();
  target.reply = (frame) => `AR|${controlIdOf(frame)}`;
  const path = folder({ 'a.hl7': message('1') });
  expect((await send([path, '--to', target.address, '--expect', 'AR'])).code).toBe(0);
  expect((await send([path, '--to', target.address, '--expect', 'AA'])).code).toBe(1);
});

test('a reply for another control id is not taken for the answer', async () => {
  const target = await receiver();
  target.reply = () => 'AA|SOMETHING-ELSE';
  const { code, stdout } = await send([folder({ 'a.hl7': message('1') }), '--to', target.address]);
  expect(code).toBe(1);
  expect(stdout[0]).toContain('for another control id');
});

test('a receiver that closes after each reply still gets every message, in order', async () => {
  const target = await receiver();
  target.after = (socket) => socket.end();
  const { code } = await send([
    folder({ 'a.hl7': ['1', '2', '3', '4'].map(message).join('') }),
    '--to',
    target.address,
  ]);
  expect(code).toBe(0);
  // A message written into a connection that was just being closed goes out again: no reply, no proof.
  expect([...new Set(target.received.map(controlIdOf))]).toEqual(['1', '2', '3', '4']);
  expect(target.connections).toBe(4);
});

test('a receiver that never replies costs the timeout, not the rest of the messages', async () => {
  const target = await receiver();
  target.reply = (frame, index) => (index === 0 ? null : `AA|${controlIdOf(frame)}`);
  const { code, stdout } = await send([
    folder({ 'a.hl7': message('1') + message('2') }),
    '--to',
    target.address,
    '--timeout',
    '200ms',
  ]);
  expect(code).toBe(1);
  expect(stdout[0]).toContain('no reply within 200 ms');
  expect(stdout.at(-1)).toMatch(/^2 messages sent: 1 without reply, 1 AA\./);
});

test('a connection cut instead of a reply is told, and the next message goes out', async () => {
  const target = await receiver();
  target.reply = (frame, index) => (index === 0 ? null : `AA|${controlIdOf(frame)}`);
  target.after = (socket, index) => {
    if (index === 0) socket.destroy();
  };
  const { code, stdout } = await send([folder({ 'a.hl7': message('1') + message('2') }), '--to', target.address]);
  expect(code).toBe(1);
  expect(stdout[0]).toMatch(/before the reply/);
  expect(stdout[1]).toMatch(/^AA/);
});

test('every repetition and every sample goes under a control id of its own', async () => {
  const target = await receiver();
  await send(['--sample', 'dft-p03', '--repeat', '3', '--to', target.address, '--quiet']);
  await send([folder({ 'a.hl7': message('KEPT') }), '--repeat', '2', '--to', target.address, '--quiet']);
  const ids = target.received.map(controlIdOf);
  expect(new Set(ids).size).toBe(5);
  expect(ids[3]).toBe('KEPT');
  for (const id of ids) expect(id.length).toBeLessThanOrEqual(20);
});

test('programs get one JSON object per message and a summary', async () => {
  const target = await receiver();
  const { stdout, stderr } = await send(['-', '--to', target.address, '--json'], { input: Buffer.from(message('S1')) });
  const lines = stdout.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines[0]).toMatchObject({ type: 'message', file: 'stdin', controlId: 'S1', code: 'AA', ok: true });
  expect(lines[1]).toMatchObject({ type: 'summary', sent: 1, failed: 0, codes: { AA: 1 } });
  expect(stderr).toEqual([]);
});

test('the bytes go out as they stand when told so', async () => {
  const target = await receiver();
  await send([folder({ 'a.hl7': message('1') }), '--as-is', '--to', target.address]);
  await send([folder({ 'a.hl7': message('1') }), '--to', target.address]);
  expect(target.received.map(String)).toEqual([message('1'), message('1').replaceAll('\n', '\r')]);
});

test('a rate is kept', async () => {
  const target = await receiver();
  const startedAt = performance.now();
  await send(['--sample', 'adt-a01', '--repeat', '5', '--rate', '20/s', '--to', target.address]);
  expect(performance.now() - startedAt).toBeGreaterThan(190);
});

test('several connections share the messages', async () => {
  const target = await receiver();
  const { code } = await send([
    '--sample',
    'adt-a01',
    '--repeat',
    '40',
    '--connections',
    '4',
    '--to',
    target.address,
    '--quiet',
  ]);
  expect(code).toBe(0);
  expect(target.connections).toBe(4);
  expect(new Set(target.received.map(controlIdOf)).size).toBe(40);
});

test('nobody listening is exit 2 with the cure, not a list of failures', async () => {
  const { code, stderr, stdout } = await send(['--sample', 'adt-a01', '--to', '127.0.0.1:1']);
  expect(code).toBe(2);
  expect(stdout).toEqual([]);
  expect(stderr[0]).toBe('127.0.0.1:1 cannot be reached: connection refused.');
});

test('nothing sent at all is not a success', async () => {
  const target = await receiver();
  expect((await send([folder({ 'a.md': 'no message' }), '--to', target.address])).code).toBe(1);
});

test.each([
  [['--to', '127.0.0.1:70000', '--sample', 'adt-a01'], /HOST:PORT/],
  [['/does/not/exist', '--to', '127.0.0.1:1'], /does not exist/],
  [['--to', '127.0.0.1:1'], /Nothing to send/],
  [['--sample', 'adt-a1', '--to', '127.0.0.1:1'], /did you mean adt-a01/],
  [['--sample', 'adt-a01', '--rate', 'fast', '--to', '127.0.0.1:1'], /messages per second/],
])('wrong usage is exit 2 and says what is expected: %j', async (argv, said) => {
  const { code, stderr } = await send(argv);
  expect(code).toBe(2);
  expect(stderr.join('\n')).toMatch(said);
});

test('an escape sequence in a reply cannot reach the terminal', async () => {
  const target = await receiver();
  target.reply = (frame) => `AE|${controlIdOf(frame)}|\u001b[2Jgone`;
  const { stdout } = await send([folder({ 'a.hl7': message('1') }), '--to', target.address]);
  expect(stdout[0]).not.toContain('\u001b');
});

test('every sample in the box is one message', async () => {
  const target = await receiver();
  for (const name of Object.keys(SAMPLES))
    expect((await send(['--sample', name, '--to', target.address])).code).toBe(0);
  expect(target.received).toHaveLength(Object.keys(SAMPLES).length);
});

const batch = `FHS|^~\\&|A|B|C|D|20260301||DAY||FILE7\nBHS|^~\\&|A\n${message('1')}${message('2')}BTS|2\nFTS|1\n`;

test('a batch file goes as one frame with its envelope, so that the receiver can check it', async () => {
  const target = await receiver();
  const { code, stdout } = await send([folder({ 'day.hl7': `\n${batch}` }), '--to', target.address]);
  expect(code).toBe(0);
  expect(target.received.map(String)).toEqual([batch.replaceAll('\n', '\r')]);
  expect(stdout[0]).toMatch(/^AA .* FILE7 {2}batch of 2 {2}\S*day\.hl7$/);
  expect(target.received.map(controlIdOf)).toEqual(['FILE7']);
});

test('a batch is taken when all of its messages are; else the first that is not is named', async () => {
  const target = await receiver();
  const envelope = (acks: string): string => `0|FILE7\rMSH|^~\\&|||||||ACK|x|P|2.5.1\r${acks}`;
  target.reply = () => envelope('MSA|AA|1\rMSH|^~\\&|||||||ACK|y|P|2.5.1\rMSA|AR|2|no visit number');
  const { code, stdout } = await send([folder({ 'day.hl7': batch }), '--to', target.address, '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout[0] ?? '')).toMatchObject({ type: 'batch', messages: 2 });
});

test('--split sends the messages of a batch one by one; a repetition has fresh control ids inside of it', async () => {
  const target = await receiver();
  const path = folder({ 'day.hl7': batch });
  expect((await send([path, '--to', target.address, '--split'])).code).toBe(0);
  expect(target.received.map(controlIdOf)).toEqual(['1', '2']);
  await send([path, '--to', target.address, '--repeat', '2']);
  const [first, second] = target.received.slice(2).map(String);
  expect(first).toBe(batch.replaceAll('\n', '\r'));
  expect(second).toMatch(
    /FHS[^\r]*FILE7\rBHS[^\r]*\rMSH[^\r]*\|CW\w+\|P\|2.5.1\rPID\|1\rMSH[^\r]*\|CW\w+\|P[^\r]*\rPID\|1\rBTS\|2/,
  );
});

test('without --to it goes where the running appliance listens, whatever port the configuration names', async () => {
  const target = await receiver();
  const { store } = await startFakeAppliance(() => [200, { channels: [{ id: 'adt', address: target.address }] }]);
  const path = folder({
    'facility.yaml': `facility: { id: f, name: F, timezone: UTC, currency: USD }
store: { path: ${store} }
status: { port: 8080 }
channels:
  - { id: adt, listener: { kind: mllp, port: 1 }, format: { kind: hl7v2 }, routes: [ { to: erp } ] }
destinations:
  - { id: erp, kind: https-json, url: "https://erp.example/events", idempotencyHeader: K }
`,
  });
  const { code, stdout } = await send(['--sample', 'adt-a01', '--config', join(path, 'facility.yaml')]);
  expect([code, stdout.at(-1)]).toEqual([0, expect.stringMatching(/^1 message sent: 1 AA/)]);
  expect(target.received).toHaveLength(1);
});
