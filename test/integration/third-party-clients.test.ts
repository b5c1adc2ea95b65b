/**
 * Senders that others wrote, over the socket: `mllp_send` of Debian's python3-hl7 and `node-hl7-client`. Each message
 * of the shared corpus that they can send is answered, and each answer is for its own message.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, type HL7Version, isKnownVersion, Message } from 'node-hl7-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { statusOf } from '../support/appliance-status.ts';
import { type CorpusMessage, corpusMessages, hasCorpus } from '../support/corpus.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { type Appliance, startAppliance } from '../support/start-appliance.ts';

const MLLP_SEND = '/usr/bin/mllp_send';
/** `mllp_send` hands a message to the socket once and reads a reply once: larger ones it cuts itself. */
const BYTES_MAX = 32_768;
const PER_FILE_MAX = 5;

async function running(): Promise<Appliance> {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  return appliance;
}

/** Segments that end with CR, as every sender on a socket has them, and no framing bytes. */
const asSent = ({ bytes }: CorpusMessage): string =>
  bytes
    .toString('latin1')
    .replace(/[\x0b\x0c\x1c]/g, '')
    .replace(/[\r\n]+/g, '\r');

const controlIdOf = (text: string): string => (text.split('\r')[0] ?? '').split(text.charAt(3))[9] ?? '';

function acknowledged(reply: string): { readonly code: string; readonly controlId: string } {
  const msa = reply.split('\r').find((segment) => segment.startsWith('MSA')) ?? '';
  const [, code = '', controlId = ''] = msa.split(reply.charAt(3));
  return { code, controlId };
}

/** The first messages of each file: one of them holds a thousand that differ in little. */
function samples(): readonly string[] {
  const taken = new Map<string, number>();
  return [...corpusMessages()]
    .filter(({ file, bytes }) => {
      const count = taken.get(file) ?? 0;
      taken.set(file, count + 1);
      return count < PER_FILE_MAX && bytes.length < BYTES_MAX;
    })
    .map(asSent)
    .filter(isOriginalMode);
}

/** One reply each, which is all that these clients know: MSH-15 and MSH-16 empty, and no acknowledgment itself. */
function isOriginalMode(text: string): boolean {
  const fields = (text.split('\r')[0] ?? '').split(text.charAt(3));
  const isAcknowledgment = /^(?:ACK|MFK)/.test(fields[8] ?? '') || text.includes(`\rMSA${text.charAt(3)}`);
  return (fields[14] ?? '') === '' && (fields[15] ?? '') === '' && !isAcknowledgment;
}

const absent = hasCorpus ? '' : 'skipped, ../shared/corpus is not there: ';

describe.skipIf(!hasCorpus)(`${absent}third-party clients`, () => {
  test.skipIf(!existsSync(MLLP_SEND))(
    'mllp_send (Debian python3-hl7): every message of the corpus is answered, in order and for itself',
    async () => {
      const appliance = await running();
      const texts = samples();
      expect(texts.length).toBeGreaterThan(500);
      const folder = mkdtempSync(join(tmpdir(), 'causeway-mllp-send-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const file = join(folder, 'corpus.mllp');
      writeFileSync(file, Buffer.from(texts.map((text) => `\x0b${text}\x1c\r`).join(''), 'latin1'));
      const options = { encoding: 'buffer', maxBuffer: 64 * 1_048_576, timeout: 120_000 } as const;
      const args = ['--port', String(appliance.mllpPort), '--file', file, '127.0.0.1'];
      const { stdout } = await promisify(execFile)(MLLP_SEND, args, options);
      const replies = stdout.toString('latin1').split('\x1c\r\n').slice(0, -1);
      const answered = replies.map((reply) => acknowledged(reply.replace('\x0b', '')));
      // The client strips CR and VT around a message; nothing else of it changes.
      expect(answered.map(({ controlId }) => controlId)).toEqual(texts.map(controlIdOf));
      expect(answered.filter(({ code }) => !['AA', 'AE', 'AR', 'CA', 'CE', 'CR'].includes(code))).toEqual([]);
      expect((await statusOf(appliance)).channels[0]?.totals.received).toBeGreaterThan(400);
    },
  );

  test('node-hl7-client: every message that it takes itself is answered, in order and for itself', async () => {
    const appliance = await running();
    const byVersion = new Map<HL7Version, Message[]>();
    let refused = 0;
    for (const text of samples().filter((sample) => sample.startsWith('MSH|^~\\&|'))) {
      const message = readByClient(text);
      if (message === null) refused += 1;
      else byVersion.set(message.version, [...(byVersion.get(message.version) ?? []), message.message]);
    }
    let sent = 0;
    for (const [version, messages] of byVersion) {
      const { controlIds, codes } = await sendAll(appliance.mllpPort, version, messages);
      expect(controlIds).toEqual(messages.map((message) => message.get('MSH.10').toString()));
      expect(codes.filter((code) => !['AA', 'AE', 'AR'].includes(code))).toEqual([]);
      sent += messages.length;
    }
    console.log(`node-hl7-client: ${sent} messages sent and answered, ${refused} refused by the client before sending`);
    expect(sent).toBeGreaterThan(300);
  });
});

/** The message as the client reads it; null when it throws, or knows no such version. */
function readByClient(text: string): { readonly message: Message; readonly version: HL7Version } | null {
  try {
    const message = new Message({ text });
    const version = message.get('MSH.12').toString();
    return isKnownVersion(version) && message.get('MSH.10').toString() !== '' ? { message, version } : null;
  } catch {
    return null;
  }
}

/**
 * Sends one message after the other, each when the one before is answered: with more at once this client spins.
 * What MSA says, in the order of the replies.
 */
async function sendAll(port: number, version: HL7Version, messages: readonly Message[]) {
  const controlIds: string[] = [];
  const codes: string[] = [];
  let answered = (): void => {};
  const client = new Client({ host: '127.0.0.1', version });
  const connection = client.createConnection({ port, version, waitAck: false }, async (answer) => {
    const reply = answer.getMessage();
    codes.push(reply.get('MSA.1').toString());
    controlIds.push(reply.get('MSA.2').toString());
    answered();
  });
  await once(connection, 'connect');
  for (const message of messages) {
    const reply = new Promise<void>((resolve) => {
      answered = resolve;
    });
    await connection.sendMessage(message);
    await reply;
  }
  await connection.close();
  return { controlIds, codes };
}
