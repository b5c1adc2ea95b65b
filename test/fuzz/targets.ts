/** What is fuzzed, and what must hold for every input. */
import { IdentityDraft } from '../../outbox/identity-draft.ts';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hl7v2Settings } from '../../src/formats/hl7v2-settings.ts';
import { loadConfig } from '../../src/config/load.ts';
import { buildAck, readAck } from '../../src/hl7/acknowledgment.ts';
import { FrameDecoder } from '../../src/hl7/framing.ts';
import { parseMessage, readHeader } from '../../src/hl7/parse.ts';
import { payloadHashOf } from '../../src/model/ids.ts';
import { judge, refuse } from '../../src/pipeline/judge.ts';
import { policySettings } from '../../src/pipeline/settings.ts';
import { toCloudEvent } from '../../src/model/cloud-event.ts';
import type { Chance } from '../simulation/chance.ts';
import { contextFor, RECEIVED_AT_MS } from '../support/map-message.ts';
import type { FuzzTarget } from './engine.ts';

const ROOT = join(import.meta.dirname, '../..');
const FORMAT = hl7v2Settings.parse({ kind: 'hl7v2' });
const POLICY = policySettings.parse({});
const FRAME_BYTES_MAX = 4_096;
const CORPUS_FILES_MAX = 300;

const bytesOf = (texts: readonly string[]): readonly Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'));
const FRAMING = ['\x0b', '\x1c', '\r', '\n', '\x1c\r', '\x1c\x0b', '\x0b\x0b', '\x0b\x1c\r', '\x1c\n', '\x1c\x1c'];
const HL7 = [
  '|',
  '^',
  '~',
  '\\',
  '&',
  '""',
  '\r',
  '\n',
  'MSH|^~\\&|',
  'FT1|',
  'PID|',
  '\\.br\\',
  '\\X00\\',
  '\\Z',
  '#',
];

const framing: FuzzTarget = {
  name: 'framing',
  seeds: () => [...messages().map((message) => Buffer.concat([VT, message, END])), VT, END],
  tokens: bytesOf([...FRAMING, 'MSH|']),
  check(input, chance) {
    for (const missingFinalCr of ['accept', 'refuse'] as const) {
      const whole = decode([input], missingFinalCr);
      const split = decode(piecesOf(input, chance), missingFinalCr);
      assert(whole === split, `${missingFinalCr}: the frames depend on how the bytes were split`);
    }
  },
};

const VT = Buffer.from('\x0b', 'latin1');
const END = Buffer.from('\x1c\r', 'latin1');

/** What a decoder makes of the pieces: every frame, what was dropped, and whether a frame was too large. */
function decode(pieces: readonly Buffer[], missingFinalCr: 'accept' | 'refuse'): string {
  const decoder = new FrameDecoder({ frameBytesMax: FRAME_BYTES_MAX, missingFinalCr });
  const frames: string[] = [];
  for (const piece of pieces) {
    for (const frame of push(decoder, piece)) frames.push(frame.toString('latin1'));
    if (decoder.overflow !== null) return JSON.stringify({ frames, isOverflow: true });
    assert(decoder.bufferedBytes <= FRAME_BYTES_MAX + 1, `${decoder.bufferedBytes} bytes are held`);
  }
  return JSON.stringify({ frames, stray: decoder.strayBytes, inFrame: decoder.inFrame, pending: decoder.endPending });
}

/** A frame that is too large is thrown when none comes before it in the same piece: the declared problem. */
function push(decoder: FrameDecoder, piece: Buffer): readonly Buffer[] {
  try {
    return decoder.push(Buffer.from(piece));
  } catch (error) {
    if (decoder.overflow === error) return [];
    throw error;
  }
}

function piecesOf(input: Buffer, chance: Chance): readonly Buffer[] {
  const most = chance.pick([1, 3, 64, 2_048]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < input.length; ) {
    const size = chance.whole(1, most);
    pieces.push(input.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const reader: FuzzTarget = {
  name: 'reader',
  seeds: messages,
  tokens: bytesOf(HL7),
  check(input) {
    const before = payloadHashOf(input);
    const parsed = parseMessage(input, FORMAT);
    const identities = new IdentityDraft(() => null, null);
    const context = { ...contextFor(input), policy: POLICY, identities };
    const judgment = parsed.ok ? judge(parsed.message, context) : refuse(parsed.problem);
    for (const event of judgment.events) {
      const envelope = { channelId: 'fuzz' as never, controlId: 'C', sequence: '1', lane: 'normal' } as const;
      const body = toCloudEvent(event, { ...envelope, facilityId: 'north' as never, receivedAtMs: RECEIVED_AT_MS });
      JSON.parse(body.toString('utf8'));
    }
    const { ackCode, text, problems } = judgment;
    const reply = { header: parsed.header, code: ackCode, text, problems, controlId: 'R1', atMs: RECEIVED_AT_MS };
    answers(buildAck({ ...reply, timezone: 'America/Chicago' }), ackCode, input);
    assert(payloadHashOf(input) === before, 'the bytes of the sender were changed');
  },
};

/** Every input is owed a reply that the sender can read, and that names its message where it had a name. */
function answers(reply: Buffer, code: string, input: Buffer): void {
  const ack = readAck(reply);
  assert(ack !== null, 'the reply is no acknowledgment');
  assert(ack?.code === code, `the reply says ${ack?.code} for ${code}`);
  const controlId = readHeader(input)?.controlId;
  if (controlId === undefined || !/^[\x20-\x7e]+$/.test(controlId)) return;
  assert(reply.includes(controlId, 0, 'latin1'), 'the reply does not name the control id');
}

const ack: FuzzTarget = {
  name: 'ack',
  seeds: () => [
    ...bytesOf([
      'MSH|^~\\&|ERP|N|W|N|20260301090000||ACK^P03|R1|P|2.5.1\rMSA|AA|C1|fine\r',
      'MSH|^~\\&|ERP|N|W|N|20260301090000||ACK|R1|P|2.3\rMSA|AE|C1|again\rERR|^^^207\r',
    ]),
    ...messages().slice(0, 40),
  ],
  tokens: bytesOf([...HL7, 'MSA|', 'ERR|', 'AA', 'AR']),
  check(input) {
    const read = readAck(input);
    if (read !== null) assert(typeof read.code === 'string' && typeof read.controlId === 'string', 'no texts');
  },
};

const config: FuzzTarget = {
  name: 'config',
  seeds: () => yamlFiles().map((path) => readFileSync(path)),
  tokens: bytesOf([
    ': ',
    '\n',
    '  ',
    '- ',
    '&a ',
    '*a',
    '!!js ',
    '<<: ',
    '{',
    '}',
    '[',
    ']',
    '__proto__',
    '"',
    "'",
    '|\n',
    '\t',
    '#',
  ]),
  check(input) {
    const folder = mkdtempSync(join(tmpdir(), 'causeway-fuzz-'));
    try {
      const path = join(folder, 'facility.yaml');
      writeFileSync(path, input);
      const loaded = loadConfig(path);
      assert(loaded.ok || loaded.problems.length > 0, 'refused without a problem');
      assert(!('polluted' in {}), 'the prototype of every object was changed');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** A planted fault: who does not find it would find nothing else. */
export const CANARY: FuzzTarget = {
  name: 'canary',
  seeds: () => messages().slice(0, 5),
  tokens: bytesOf(HL7),
  check(input) {
    const text = input.toString('latin1');
    assert(!/\rFT1\|[^\r]*~[^\r]*""/.test(text), 'the canary is found');
  },
};

export const TARGETS: readonly FuzzTarget[] = [framing, reader, ack, config].map(withinTime);

/** Fixed costs, and what a byte may take: several hundred times what it does take, and far below quadratic. */
const TIME_MS = { fixed: 1_000, perKilobyte: 20 };

function withinTime(target: FuzzTarget): FuzzTarget {
  return {
    ...target,
    check(input, chance) {
      const began = performance.now();
      target.check(input, chance);
      const tookMs = performance.now() - began;
      const allowedMs = TIME_MS.fixed + (TIME_MS.perKilobyte * input.length) / 1_024;
      assert(tookMs <= allowedMs, `${tookMs} ms for ${input.length} bytes`);
    },
  };
}

/** The golden messages, and the public ones beside the repository when they are there. */
function messages(): readonly Buffer[] {
  const golden = filesBelow(join(ROOT, 'test/golden'));
  const corpus = join(ROOT, '../shared/corpus');
  const found = existsSync(corpus) ? filesBelow(corpus).slice(0, CORPUS_FILES_MAX) : [];
  return [...golden, ...found].map((path) => readFileSync(path).subarray(0, 16_384));
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.hl7'))
    .sort()
    .map((name) => join(folder, name));

const yamlFiles = (): readonly string[] =>
  readdirSync(join(ROOT, 'config/example'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => join(ROOT, 'config/example', name));

function assert(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
