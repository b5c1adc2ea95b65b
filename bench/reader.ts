/**
 * Benchmark of the HL7 reader: `node bench/reader.ts` (or `npm run bench -- --only reader`). Prints JSON.
 *
 * Ours, `Hl7Message` of @medplum/core and hl7v2 do the same jobs on the same messages, turn by turn in one run: parse;
 * parse and read ten fields; parse and build the ACK; and all of it, as an interface does for each message. The
 * messages are those of the shared corpus that all three can read, and synthetic ones. Absolute figures depend on the
 * machine and on what else runs on it: read the ratios.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hl7Message as MedplumMessage } from '@medplum/core';
import { HL7Message as Hl7v2Message } from 'hl7v2';
import { hl7v2Settings } from '../src/formats/hl7v2-settings.ts';
import { buildAck } from '../src/hl7/acknowledgment.ts';
import { parseMessage } from '../src/hl7/parse.ts';
import { corpus } from './corpus.ts';

const CORPUS = join(import.meta.dirname, '../../shared/corpus');
const ROUNDS = 7;
const ROUND_MS = 200;
const FILE_BYTES_MAX = 200_000;
const AT_MS = 1_719_835_200_000;
const settings = hl7v2Settings.parse({ kind: 'hl7v2' });

const PATHS = [
  'MSH-9.1',
  'MSH-10',
  'PID-3.1',
  'PID-3.4',
  'PID-5.1',
  'PID-18.1',
  'PV1-2',
  'PV1-3.1',
  'PV1-10',
  'PV1-19.1',
] as const;
/** The same places for the others: segment, field, component. */
const PLACES = PATHS.map((path) => {
  const [segment = '', field = '', component = '1'] = path.split(/[-.]/);
  return [segment, Number(field), Number(component)] as const;
});

interface Parser<Message> {
  parse(bytes: Buffer): Message;
  /** Sum of the lengths of the ten values, so that nothing is left out as unused. */
  readTen(message: Message): number;
  ack(message: Message): number;
}

const causeway: Parser<Extract<ReturnType<typeof parseMessage>, { ok: true }>> = {
  parse(bytes) {
    const parsed = parseMessage(bytes, settings);
    if (!parsed.ok) throw new Error(parsed.problem.text);
    return parsed;
  },
  readTen({ message }) {
    let sum = 0;
    for (const path of PATHS) sum += message.value(path)?.length ?? 0;
    return sum;
  },
  ack: ({ header }) =>
    buildAck({ header, code: 'AA', text: '', problems: [], controlId: '1', atMs: AT_MS, timezone: 'UTC' }).length,
};

const medplum: Parser<MedplumMessage> = {
  parse: (bytes) => MedplumMessage.parse(bytes.toString('utf8')),
  readTen(message) {
    let sum = 0;
    for (const [name, field, part] of PLACES) sum += message.getSegment(name)?.getComponent(field, part).length ?? 0;
    return sum;
  },
  ack: (message) => Buffer.from(message.buildAck().toString()).length,
};

const hl7v2: Parser<Hl7v2Message> = {
  parse: (bytes) => Hl7v2Message.parse(bytes),
  readTen(message) {
    let sum = 0;
    for (const [name, field, part] of PLACES) {
      const value: unknown = message.getSegment(name)?.field(field)?.getValue(part);
      sum += value === undefined || value === null ? 0 : String(value).length;
    }
    return sum;
  },
  ack: (message) => Buffer.from(message.createAck('AA', '').toHL7String()).length,
};

const PARSERS = { causeway, medplum, hl7v2 } as const;
type Name = keyof typeof PARSERS;
type Job = (bytes: Buffer) => number;

const JOBS = {
  parse:
    <Message>({ parse }: Parser<Message>): Job =>
    (bytes) =>
      parse(bytes) === undefined ? 0 : 1,
  'parse + 10 fields':
    <Message>({ parse, readTen }: Parser<Message>): Job =>
    (bytes) =>
      readTen(parse(bytes)),
  'parse + ACK':
    <Message>({ parse, ack }: Parser<Message>): Job =>
    (bytes) =>
      ack(parse(bytes)),
  'parse + 10 fields + ACK':
    <Message>({ parse, readTen, ack }: Parser<Message>): Job =>
    (bytes) => {
      const message = parse(bytes);
      return readTen(message) + ack(message);
    },
} as const;

/** The messages of single-message files with the line ends of the standard, without those that a parser refuses. */
function corpusMessages(): readonly Buffer[] {
  if (!existsSync(CORPUS)) return [];
  return readdirSync(CORPUS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
    .filter((bytes) => bytes.length <= FILE_BYTES_MAX)
    .map((bytes) => bytes.toString('latin1').replace(/\r\n|\n/g, '\r'))
    .filter((text) => text.startsWith('MSH|') && text.indexOf('\rMSH|') === -1 && text.includes('\rP'))
    .map((text) => Buffer.from(text, 'latin1'))
    .filter((bytes) => (Object.keys(PARSERS) as Name[]).every((name) => isReadBy(name, bytes)));
}

function isReadBy(name: Name, bytes: Buffer): boolean {
  try {
    JOBS['parse + 10 fields + ACK'](PARSERS[name] as Parser<unknown>)(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Frames of the load generator's corpus, without framing bytes. */
const syntheticMessages = (kind: 'adt' | 'dft'): readonly Buffer[] =>
  corpus(kind, 100)
    .toString('latin1')
    .split('\x1c\r')
    .filter((frame) => frame !== '')
    .map((frame) => Buffer.from(frame.slice(1), 'latin1'));

/** Microseconds of CPU per message over about `ROUND_MS`, whole rounds over all messages. */
function timePerMessage(job: Job, messages: readonly Buffer[]): number {
  let calls = 0;
  let usedMicros = 0;
  const began = cpuMicros();
  while (usedMicros < ROUND_MS * 1e3) {
    for (const bytes of messages) job(bytes);
    calls += messages.length;
    usedMicros = cpuMicros() - began;
  }
  return usedMicros / calls;
}

/** CPU of this thread: what else runs on the machine counts less than on the clock. */
function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const rounded = (value: number): number => Math.round(value * 100) / 100;

function measure(jobOf: (parser: Parser<unknown>) => Job, messages: readonly Buffer[]): object {
  const times: Record<Name, number[]> = { causeway: [], medplum: [], hl7v2: [] };
  const names = Object.keys(PARSERS) as Name[];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of names) times[name].push(timePerMessage(jobOf(PARSERS[name] as Parser<unknown>), messages));
  }
  const micros = Object.fromEntries(names.map((name) => [`${name}Micros`, rounded(median(times[name]))]));
  const faster = Math.min(median(times.medplum), median(times.hl7v2));
  return { ...micros, timesFasterThanTheFaster: rounded(faster / median(times.causeway)) };
}

const sets = { corpus: corpusMessages(), adt: syntheticMessages('adt'), dft: syntheticMessages('dft') };
const results = Object.entries(sets)
  .filter(([, messages]) => messages.length > 0)
  .map(([name, messages]) => {
    const bytes = Math.round(messages.reduce((sum, one) => sum + one.length, 0) / messages.length);
    const jobs = Object.entries(JOBS).map(([job, jobOf]) => [job, measure(jobOf, messages)]);
    return { messages: name, count: messages.length, averageBytes: bytes, ...Object.fromEntries(jobs) };
  });
console.log(JSON.stringify({ node: process.version, rounds: ROUNDS, results }, null, 2));
