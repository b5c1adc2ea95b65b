/**
 * Every file of the shared corpus through the running appliance: as a user would send it, and byte for byte as one
 * frame. Whatever it is, the sender gets a reply with a reason, and each derived event is at the ERP exactly once.
 */
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { MessageRow, Page } from '../../src/api/operations.ts';
import { FrameStore } from '../../outbox/frames.ts';
import { Totals } from '../../outbox/totals.ts';
import { hl7v2Settings } from '../../src/formats/hl7v2-settings.ts';
import { countProblems, messagesOf, readBatch } from '../../src/hl7/batch-file.ts';
import { encodeFrame, FrameDecoder } from '../../src/hl7/framing.ts';
import { parseMessage } from '../../src/hl7/parse.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { Database } from '../../src/platform/database.ts';
import { silentLog } from '../../src/platform/log.ts';
import { erpOf, expectBalanced, moneyOf, statusOf } from '../support/appliance-status.ts';
import { type FakeErp, startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { ackOf, connectMllp } from '../support/mllp-client.ts';
import { type Appliance, REPOSITORY, startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const CORPUS = join(REPOSITORY, '../shared/corpus');
/** Replies of original mode, and what messages of the corpus ask for in enhanced mode. */
const CODES = ['AA', 'AE', 'AR', 'CA', 'CE', 'CR', 'CA AA'];
const FORMAT = hl7v2Settings.parse({ kind: 'hl7v2' });

interface SentLine {
  readonly type: 'message' | 'skipped' | 'summary';
  readonly file: string;
  readonly controlId: string;
  readonly code: string | null;
  readonly text: string;
}

async function running(channelExtra = ''): Promise<{ appliance: Appliance; erp: FakeErp }> {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url, channelExtra });
  onTestFinished(() => appliance.dispose());
  return { appliance, erp };
}

/** Everything that can go out has gone out: each event once, and the totals say what the ERP has. */
async function expectAllAtErp({ appliance, erp }: { appliance: Appliance; erp: FakeErp }): Promise<void> {
  const firstPid = (await statusOf(appliance)).pid;
  await until(
    'nothing waits',
    async () => {
      const [row] = (await statusOf(appliance)).destinations;
      return row?.waiting === 0 && row.enqueued > 0;
    },
    60_000,
  );
  const { destinations, channels, openCases, pid } = await statusOf(appliance);
  const [row] = destinations;
  if (row === undefined) throw new Error('no destination');
  expectBalanced(row);
  expect(row).toMatchObject({ waiting: 0, dead: 0, discarded: 0 });
  expect(row.posted).toBeGreaterThan(0);
  expect(erp.reusedKeys).toEqual([]);
  expect(erp.effects).toHaveLength(row.posted);
  expect(new Set(erp.effects.map(({ id }) => id)).size).toBe(row.posted);
  expect(erp.requests.filter(({ applied }) => !applied)).toEqual([]);
  const bySorted = (a: { currency: string }, b: { currency: string }) => a.currency.localeCompare(b.currency);
  expect(moneyOf(erp.effects).toSorted(bySorted)).toEqual([...row.money.posted].sort(bySorted));
  const totals = channels[0]?.totals;
  expect(totals?.refused).toBe(0);
  expect(totals?.received).toBe(
    (totals?.accepted ?? 0) + (totals?.held ?? 0) + (totals?.filtered ?? 0) + (totals?.rejected ?? 0),
  );
  expect(openCases).toBe(totals?.held);
  expect(pid).toBe(firstPid);
  expect(pid).toBe(appliance.pid());
}

const absent = !existsSync(CORPUS);

describe.skipIf(absent)(absent ? 'skipped: ../shared/corpus is not there' : 'the shared corpus', () => {
  test('every message that `send` finds gets a reply for its own control id, with a reason', async () => {
    const { appliance, erp } = await running();
    const sent = await appliance.command('send', CORPUS, '--split', '--json');
    const lines = sent.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as SentLine);
    const messages = lines.filter(({ type }) => type === 'message');
    expect(messages.length).toBeGreaterThan(1_700);
    // `send` itself compares MSA-2 with MSH-10: a reply for another message has no code.
    const silent = messages.filter(({ code, text }) => code === null && text === 'no reply, as asked');
    const answered = messages.filter((message) => !silent.includes(message));
    expect(answered.filter(({ code }) => code === null || !CODES.includes(code))).toEqual([]);
    expect(answered.filter(({ code }) => code?.startsWith('C')).length).toBeGreaterThan(1_000);
    expect(messages.filter(({ text }) => text.trim() === '')).toEqual([]);
    const summary = lines.at(-1);
    expect(summary).toMatchObject({ type: 'summary', sent: messages.length });
    await expectAllAtErp({ appliance, erp });
    // What intake derived of each message, told by the stored messages: at the ERP, or behind what waits for a person.
    const behind = (await erpOf(appliance)).blockedBehind;
    expect(await derivedEvents(appliance)).toBe(erp.effects.length + behind);
    const totals = (await statusOf(appliance)).channels[0]?.totals;
    expect((totals?.received ?? 0) + (totals?.duplicate ?? 0)).toBe(messages.length);
    const refused = messages.filter(({ code }) => code === 'AR' || code === 'CR').length;
    expect(totals?.rejected).toBeGreaterThan(0);
    expect(refused + silent.length).toBeGreaterThanOrEqual(totals?.rejected ?? Infinity);
    expect(refused).toBeLessThanOrEqual((totals?.rejected ?? 0) + (totals?.duplicate ?? 0));
  });

  test('the bytes of every file as one frame are answered, and the next message of the connection is too', async () => {
    // In original mode whatever they ask for: then each has a reply, and the reply a reason.
    const { appliance, erp } = await running('    acknowledgment: { mode: original }\n');
    const files = [...filesBelow(CORPUS)];
    expect(files.length).toBeGreaterThan(700);
    const faults: string[] = [];
    for (const [number, path] of files.entries()) {
      const fault = await sendAsFound(appliance.mllpPort, { bytes: readFileSync(path), next: `NEXT${number}` });
      if (fault !== null) faults.push(`${path.slice(CORPUS.length + 1)}: ${fault}`);
    }
    expect(faults).toEqual([]);
    await expectAllAtErp({ appliance, erp });
    expect(erp.effects.filter(({ correlationid }) => /^NEXT\d+$/.test(String(correlationid)))).toHaveLength(
      files.length,
    );
    // Byte for byte: what was sent is what is kept, whatever became of it.
    await appliance.stop();
    const kept = await storedFrames(join(appliance.directory, 'data/db'));
    const changed = files.filter((path) => !framesIn(readFileSync(path)).every((frame) => kept.has(hashOf(frame))));
    expect(changed).toEqual([]);
  });
});

const hashOf = (bytes: Buffer): string => hash('sha256', bytes);

/** What a file is as one frame: the frames that framing bytes in it make of it, and the messages of a batch. */
function framesIn(bytes: Buffer): readonly Buffer[] {
  const decoder = new FrameDecoder({ frameBytesMax: 16_777_216, missingFinalCr: 'accept' });
  return decoder.push(encodeFrame(bytes)).flatMap((frame) => {
    if (frame.length === 0) return [];
    const parsed = parseMessage(frame, FORMAT);
    const read = !parsed.ok && parsed.isBatch ? readBatch(frame, 10_000) : null;
    // Refused whole, it is kept whole.
    if (read?.ok !== true || countProblems(read.file).length > 0) return [frame];
    const messages = messagesOf(read.file).map((message) => message.bytes);
    return messages.length === 0 || messages.some((message) => !parseMessage(message, FORMAT).ok) ? [frame] : messages;
  });
}

/** The hash of every frame in a store that is not open. */
async function storedFrames(location: string): Promise<ReadonlySet<string>> {
  const options = { location, createIfMissing: false, clock: systemClock, log: silentLog, onGroup: () => {} };
  const database = await Database.open(options);
  const frames = new FrameStore(database, new Totals(), { clock: systemClock, blind: null });
  const hashes = new Set<string>();
  for (let after = 0; ; ) {
    const numbers = await frames.numbersAfter(after, 500);
    for (const number of numbers) hashes.add(hashOf(frames.get(number)?.frame ?? Buffer.alloc(0)));
    const last = numbers.at(-1);
    if (last === undefined) break;
    after = last;
  }
  await database.close();
  return hashes;
}

/** Sum of the events of all stored messages, over the control socket. */
async function derivedEvents({ directory }: Appliance): Promise<number> {
  let events = 0;
  let after = '';
  for (;;) {
    const path = `/v1/messages?limit=500${after === '' ? '' : `&after=${after}`}`;
    const page = await askControl<Page<MessageRow>>(join(directory, 'data/control.sock'), path);
    for (const row of page.rows) events += row.events;
    if (page.next === null) return events;
    after = page.next;
  }
}

function askControl<Answer>(socketPath: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = get({ socketPath, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve(JSON.parse(text) as Answer));
    });
    outgoing.once('error', reject);
  });
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (statSync(path).isFile()) yield path;
  }
}

/** Sends the bytes as one frame and a good message behind it; what is wrong with the replies, or null. */
async function sendAsFound(port: number, { bytes, next }: { bytes: Buffer; next: string }): Promise<string | null> {
  const client = await connectMllp(port);
  try {
    client.write(encodeFrame(bytes));
    client.write(encodeFrame(Buffer.from(charge({ controlId: next }), 'utf8')));
    const replies: ReturnType<typeof ackOf>[] = [];
    for (;;) {
      const text = await client.nextReply();
      const reply = ackOf(text);
      if (!CODES.includes(reply.code)) return `reply code ${JSON.stringify(reply.code)}`;
      if (reasonOf(text) === '') return 'a reply without reason';
      if (reply.controlId === next) break;
      replies.push(reply);
    }
    return faultOf(bytes, replies);
  } catch (error) {
    return String(error);
  } finally {
    await client.close();
  }
}

/** MSA-3, or ERR-8 of a reply in v2.7 and later, which has no MSA-3. */
function reasonOf(reply: string): string {
  const error = reply.split('\r').find((segment) => segment.startsWith('ERR'));
  return (ackOf(reply).text || (error?.split(reply.charAt(3))[8] ?? '')).trim();
}

function faultOf(bytes: Buffer, replies: readonly ReturnType<typeof ackOf>[]): string | null {
  const [first] = replies;
  // An acknowledgment is never answered.
  if (/^MSH\|.*\|ACK(?:\^[^|]*)?\|/.test(bytes.toString('latin1')))
    return first === undefined ? null : 'a reply to an ACK';
  if (first === undefined) return 'no reply';
  // Framing bytes inside of the file may cut it into several frames; each has its own reply.
  const mayBeCut = bytes.includes(0x1c);
  if (!mayBeCut && replies.length !== 1) return `${replies.length} replies`;
  const expected = controlIdOf(bytes);
  return expected === null || expected === first.controlId ? null : 'MSA-2 is not MSH-10';
}

/** MSH-10 of bytes that begin with MSH, read the plain way; null when they begin with something else. */
function controlIdOf(bytes: Buffer): string | null {
  const text = bytes.toString('latin1').replace(/^(?:[\r\n\t \x0b\x1c]|\xef\xbb\xbf)+/, '');
  if (!/^MSH[^A-Za-z0-9\r\n]/.test(text)) return null;
  const line = text.split(/[\r\n\x1c]/)[0] ?? '';
  return line.split(line.charAt(3))[9] ?? '';
}
