/**
 * Micro-benchmark of the HL7 reader: `node bench/reader.ts`. Prints JSON.
 *
 * Ours and `Hl7Message` of @medplum/core do the same three jobs on the same synthetic bytes, turn by turn in one run:
 * parse; parse and read ten fields; parse and build the ACK. Absolute figures depend on the machine and on what else
 * runs on it, so read the ratios, and differences below about 2× as unproven.
 */
import { Hl7Message as OracleMessage } from '@medplum/core';
import { hl7v2Settings } from '../src/formats/hl7v2-settings.ts';
import { buildAck } from '../src/hl7/acknowledgment.ts';
import { parseMessage } from '../src/hl7/parse.ts';

const ROUNDS = 7;
const ROUND_MS = 150;
const AT_MS = 1_719_835_200_000;
const settings = hl7v2Settings.parse({ kind: 'hl7v2' });

const MSH = (type: string): string =>
  `MSH|^~\\&|HIS|NORTH|CAUSEWAY|NORTH|20240701120000-0500||${type}|BENCH.1.1|P|2.5.1`;
const PID =
  'PID|1||900001^^^NORTH^MR~815-00^^^SSA^SS||Sample^Sally^Q||19700101|F|||' +
  '1 Test St^^Springfield^IL^60000||555-0100|||S||ACC900001';
const PV1 = 'PV1|1|I|W1^101^A^NORTH||||1234^Doctor^Dora|||MED||||7|||1234^Doctor^Dora|IP|V900001|SP';

const adt = [
  MSH('ADT^A01^ADT_A01'),
  'EVN|A01|20240701115900|||CLERK1',
  PID,
  'NK1|1|Sample^Saul|SPO|1 Test St^^Springfield^IL^60000|555-0101',
  `${PV1}${'|'.repeat(24)}20240701115500`,
  'GT1|1|G900001|Sample^Sally^Q||1 Test St^^Springfield^IL^60000|555-0100',
  'IN1|1|PLAN1|INS1|Example Insurance|PO Box 1^^Springfield^IL^60000',
  'DG1|1|I10|R07.9^Chest pain^I10||20240701|A',
  '',
].join('\r');

const ft1 = (line: number): string =>
  `FT1|${line}|T90000${line}||20240701|20240701|CG|8010${line}^Test charge ${line}^CDM|||2|` +
  `${line}50.00^USD|${line * 25}.00|4010^Radiology|||W1^101||||1234^Doctor^Dora|||||7101${line}^X-ray^CPT`;
const dft = [
  MSH('DFT^P03^DFT_P03'),
  'EVN|P03|20240701115900',
  PID,
  PV1,
  ...Array.from({ length: 8 }, (_, i) => ft1(i + 1)),
  '',
].join('\r');

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
/** The same places for the oracle: segment, field, component. */
const PLACES = PATHS.map((path) => {
  const [segment = '', field = '', component = '1'] = path.split(/[-.]/);
  return [segment, Number(field), Number(component)] as const;
});

type Job = (bytes: Buffer) => number;

function ours(bytes: Buffer): Extract<ReturnType<typeof parseMessage>, { ok: true }> {
  const parsed = parseMessage(bytes, settings);
  if (!parsed.ok) throw new Error(parsed.problem.text);
  return parsed;
}

const JOBS: Readonly<Record<string, { readonly causeway: Job; readonly medplum: Job }>> = {
  parse: {
    causeway: (bytes) => ours(bytes).message.flags.length,
    medplum: (bytes) => OracleMessage.parse(bytes.toString('utf8')).toString().length,
  },
  'parse + 10 fields': {
    causeway(bytes) {
      const { message } = ours(bytes);
      return PATHS.reduce((sum, path) => sum + (message.value(path)?.length ?? 0), 0);
    },
    medplum(bytes) {
      const message = OracleMessage.parse(bytes.toString('utf8'));
      return PLACES.reduce(
        (sum, [name, field, part]) => sum + (message.getSegment(name)?.getComponent(field, part).length ?? 0),
        0,
      );
    },
  },
  'parse + ACK': {
    causeway(bytes) {
      const { header } = ours(bytes);
      return buildAck({ header, code: 'AA', text: '', problems: [], controlId: '1', atMs: AT_MS, timezone: 'UTC' })
        .length;
    },
    medplum: (bytes) => Buffer.from(OracleMessage.parse(bytes.toString('utf8')).buildAck().toString()).length,
  },
};

/** Microseconds per call over about `ROUND_MS`. */
function timePerCall(job: Job, bytes: Buffer): number {
  let calls = 0;
  let used = 0;
  const started = process.hrtime.bigint();
  while (used < ROUND_MS * 1e6) {
    for (let inner = 0; inner < 200; inner += 1) job(bytes);
    calls += 200;
    used = Number(process.hrtime.bigint() - started);
  }
  return used / 1e3 / calls;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const rounded = (value: number): number => Math.round(value * 100) / 100;

function measure(bytes: Buffer, { causeway, medplum }: { readonly causeway: Job; readonly medplum: Job }): object {
  const mine: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    mine.push(timePerCall(causeway, bytes));
    theirs.push(timePerCall(medplum, bytes));
  }
  return {
    causewayMicros: rounded(median(mine)),
    medplumMicros: rounded(median(theirs)),
    ratio: rounded(median(theirs) / median(mine)),
  };
}

const results = Object.entries({ adt, dft, 'dft, not ASCII': dft.replace('Sally', 'Zoë') }).map(([name, text]) => {
  const bytes = Buffer.from(text, 'utf8');
  const jobs = Object.entries(JOBS).map(([job, pair]) => [job, measure(bytes, pair)]);
  return { message: name, bytes: bytes.length, ...Object.fromEntries(jobs) };
});
console.log(JSON.stringify({ node: process.version, rounds: ROUNDS, results }, null, 2));
