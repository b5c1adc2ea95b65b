/** `causeway send` to receivers in enhanced mode: what it waits for, and what it takes for what. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { controlIdOf } from '../../../src/cli/hl7-files.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { encodeFrame } from '../../../src/hl7/framing.ts';
import { fakeContext } from './fake-context.ts';
import { startReceiver } from './fake-receiver.ts';

const asking = (controlId: string, commit: string, application: string): string =>
  `MSH|^~\\&|A|B|C|D|20260301||ADT^A01|${controlId}|P|2.5.1|||${commit}|${application}\nPID|1\n`;

const ack = (msa: string): Buffer => encodeFrame(Buffer.from(`MSH|^~\\&|||||||ACK|X|P|2.5.1\rMSA|${msa}\r`));

/** Sends messages to a receiver that answers each as told; gives the exit code and the lines of stdout. */
async function send(
  messages: readonly string[],
  answer: (write: Socket['write'], controlId: string, index: number) => void,
  ...argv: readonly string[]
) {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.stop());
  receiver.reply = () => null;
  receiver.after = (socket, index) =>
    answer((bytes) => socket.write(bytes), controlIdOf(receiver.received[index] ?? Buffer.alloc(0)), index);
  const path = mkdtempSync(join(tmpdir(), 'causeway-send-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  writeFileSync(join(path, 'a.hl7'), messages.join(''));
  const context = fakeContext({});
  const code = await runProgram(['send', path, '--to', receiver.address, ...argv], context);
  return { code, stdout: context.stdout };
}

test('a commit and an application acknowledgment are waited for, in one piece or one after the other', async () => {
  const messages = ['1', '2'].map((id) => asking(id, 'AL', 'AL'));
  const { code, stdout } = await send(messages, (write, id) => {
    if (id === '1') return write(Buffer.concat([ack(`CA|${id}`), ack(`AA|${id}|Good.`)]));
    write(ack(`CA|${id}`));
    setTimeout(() => write(ack(`AA|${id}`)), 30);
  });
  expect(code).toBe(0);
  expect(stdout[0]).toMatch(/^CA AA .*Good\.$/);
  expect(stdout.at(-1)).toMatch(/^2 messages sent: 2 CA AA\./);
});

test('an application acknowledgment that does not come, or says no, is a failure', async () => {
  const argv = ['--timeout', '100ms'];
  const missing = await send([asking('1', 'AL', 'AL')], (write, id) => write(ack(`CA|${id}`)), ...argv);
  expect(missing.code).toBe(1);
  expect(missing.stdout[0]).toMatch(/^CA .*no application acknowledgment: no reply within 100 ms/);
  const refused = await send([asking('1', 'AL', 'AL')], (write, id) =>
    write(Buffer.concat([ack(`CA|${id}`), ack(`AE|${id}|No.`)])),
  );
  expect([refused.code, refused.stdout[0]]).toEqual([1, expect.stringMatching(/^CA AE .*No\.$/)]);
});

test('a refusal in the commit acknowledgment is the end of it', async () => {
  const { code, stdout } = await send([asking('1', 'AL', 'AL')], (write, id) => write(ack(`CE|${id}|Full.`)));
  expect([code, stdout[0]]).toEqual([1, expect.stringMatching(/^CE .*Full\.$/)]);
});

test('a late reply to an earlier message is passed over, never taken for that of another one', async () => {
  const messages = [asking('1', 'AL', 'ER'), asking('2', 'AL', 'NE'), asking('3', '', '')];
  const { code, stdout } = await send(messages, (write, id) => {
    if (id === '2') write(ack('AE|1|Late.'));
    write(ack(`${id === '3' ? 'AA' : 'CA'}|${id}`));
  });
  expect(code).toBe(0);
  expect(stdout.map((line) => line.split(' ')[0]).slice(0, 3)).toEqual(['CA', 'CA', 'AA']);
});

test('a message that asks for no reply is done without one, and an error it asked for alone is a failure', async () => {
  const silent = await send([asking('1', 'NE', 'NE'), asking('2', 'NE', 'NE')], () => {}, '--expect', 'none');
  expect([silent.code, silent.stdout.at(-1)]).toEqual([0, expect.stringMatching(/^2 messages sent: 2 without reply/)]);
  const refused = await send([asking('1', 'ER', 'NE')], (write, id) => write(ack(`CE|${id}|No.`)));
  expect([refused.code, refused.stdout[0]]).toEqual([1, expect.stringMatching(/^CE .*No\.$/)]);
});

test('a batch whose messages all ask for no reply is done without one; one that asks is enough to wait', async () => {
  const batch = (...last: readonly [string, string]) =>
    `BHS|^~\\&|A|||||||||B1\n${asking('1', 'NE', 'NE')}${asking('2', ...last)}BTS|2\n`;
  const silent = await send([batch('NE', 'NE')], () => {}, '--expect', 'none');
  expect([silent.code, silent.stdout[0]]).toEqual([0, expect.stringMatching(/no reply, as asked$/)]);
  const missing = await send([batch('AL', 'NE')], () => {}, '--timeout', '700ms');
  expect([missing.code, missing.stdout[0]]).toEqual([1, expect.stringMatching(/no reply within 700 ms$/)]);
});

test('--expect names a reply that must come', async () => {
  const both = (write: Socket['write'], id: string): unknown =>
    write(Buffer.concat([ack(`CA|${id}`), ack(`AE|${id}`)]));
  for (const [expected, code] of [
    ['CA', 0],
    ['ae', 0],
    ['AA', 1],
    ['none', 1],
  ] as const)
    expect((await send([asking('1', 'AL', 'AL')], both, '--expect', expected)).code).toBe(code);
});

test('--expect AA takes the commit acknowledgment of a message that asks for nothing else, no refusal', async () => {
  const answered = (msa: string) => (write: Socket['write'], id: string) => void write(ack(`${msa}|${id}`));
  expect((await send([asking('1', 'AL', 'NE')], answered('CA'), '--expect', 'AA')).code).toBe(0);
  const unknown = await send([asking('1', 'AL', 'NE')], answered('CA'), '--expect', 'AX');
  expect(unknown.code).toBe(2);
  expect((await send([asking('1', 'AL', 'NE')], answered('CE'), '--expect', 'AA')).code).toBe(1);
  expect((await send([asking('1', 'AL', 'NE')], answered('CR'), '--expect', 'AR')).code).toBe(0);
});

test('asking for no reply fails no --expect AA; where only success is answered, silence is a refusal', async () => {
  const silence = (): void => {};
  const asked = await send([asking('1', 'NE', 'NE'), asking('2', 'ER', 'NE')], silence, '--expect', 'AA');
  expect([asked.code, asked.stdout.at(-1)]).toEqual([
    0,
    expect.stringMatching(/^2 messages sent: 2 without reply, as asked\./),
  ]);
  expect((await send([asking('1', 'NE', 'NE')], silence, '--expect', 'AE')).code).toBe(1);
  const refused = await send([asking('1', 'SU', 'NE')], silence);
  expect([refused.code, refused.stdout[0]]).toEqual([1, expect.stringContaining('only when it is accepted')]);
  expect((await send([asking('1', 'SU', 'NE')], silence, '--expect', 'AR')).code).toBe(0);
});
