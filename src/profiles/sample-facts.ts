/**
 * What a folder of sample messages tells about their sender, counted message by message. No value of a patient is
 * kept: labels of systems and codes, positions, frequencies.
 */
import type { Hl7Message, Hl7Segment } from '../hl7/message.ts';
import { readTimestamp } from '../hl7/timestamp.ts';
import { amountPositionsOf } from '../mappings/amounts.ts';
import { versionOf } from '../hl7/version.ts';
import { abs, compare, isNegative, isZero, multiply, parseDecimal, subtract } from '../model/decimal.ts';
import { isThere } from './drift.ts';
import { Tally } from './tally.ts';
import { isZSegment, labelOf, senderOf, WATCHED_FIELDS } from './traits.ts';

/** Different labels of a place that holds codes; one with more holds data and is not listed. */
const CODES_MAX = 40;

/** Where an account, visit or older patient number may stand. */
export const NUMBER_PATHS = ['PID-2.1', 'PID-4.1', 'PID-18.1', 'PV1-19.1', 'PV1-50.1'] as const;
/** Times whose precision matters for an event. */
export const TIME_PATHS = ['MSH-7', 'EVN-2', 'EVN-6', 'PV1-44', 'PV1-45', 'FT1-4', 'FT1-5', 'OBR-7'] as const;
/** Places that hold the name of a coding system. */
export const SYSTEM_PATHS = [
  'FT1-7.3',
  'FT1-13.3',
  'FT1-25.3',
  'IN1-2.3',
  'OBR-4.3',
  'OBX-3.3',
  'DG1-3.3',
  'PR1-3.3',
  'RXD-2.3',
  'RXA-5.3',
] as const;
/** Places of codes that decide what an event says. */
export const CODE_PATHS = ['PV1-2.1', 'PV1-10.1', 'PV1-18.1', 'PV1-20.1', 'ORC-1.1'] as const;

/** Signs of the amounts of one FT1-6 code. */
export interface LineSigns {
  lines: number;
  positive: number;
  negative: number;
  zero: number;
  without: number;
  negativeQuantity: number;
}

/** One kind of Z-segment. */
export interface ZFacts {
  messages: number;
  segments: number;
  /** Segments in which the field of this number has a value. */
  readonly fields: Map<number, number>;
}

/** Everything counted so far. */
export class SampleFacts {
  messages = 0;
  /** Reasons why a message could not be read. */
  readonly unread = new Tally();
  readonly senders = new Tally();
  readonly types = new Tally(500);
  readonly versions = new Tally(CODES_MAX);
  readonly delimiters = new Tally(CODES_MAX);
  /** MSH-18 as sent. */
  readonly charsets = new Tally(CODES_MAX);
  /** What the text was read with. */
  readonly charsetsUsed = new Tally(CODES_MAX);
  readonly flags = new Tally();
  readonly lineEnds = new Tally();
  /** `NORTH MR`: assigning authority and type of each repetition of PID-3 that has a value. */
  readonly patientIds = new Map<string, { readonly authority: string; readonly type: string; count: number }>();
  /** Repetitions of PID-3 beyond the room of `patientIds`. */
  otherPatientIds = 0;
  withPatient = 0;
  readonly numbers = new Tally();
  accountIsVisit = 0;
  readonly signs = new Map<string, LineSigns>();
  readonly amounts = { compared: 0, differing: 0, largest: '0' };
  readonly times = new Map<string, Tally>();
  readonly systems = new Map<string, Tally>();
  readonly codes = new Map<string, Tally>();
  /** By type: messages in which every segment has the field. */
  readonly present = new Map<string, Map<string, number>>();
  readonly zSegments = new Map<string, ZFacts>();

  /** A message that cannot be read; `reason` is the code of its problem. */
  addUnread(reason: string): void {
    this.unread.add(reason);
  }

  add(message: Hl7Message): void {
    this.messages += 1;
    const type = labelOf(message.messageType);
    this.senders.add(labelOf(senderOf(message)));
    this.types.add(type);
    this.versions.add(labelOf(message.version));
    const header = message.segment('MSH');
    this.delimiters.add(`${header?.raw(1) ?? ''}${header?.raw(2) ?? ''}`.slice(0, 8));
    this.charsets.add(labelOf(message.charset.declared));
    this.charsetsUsed.add(message.charset.used);
    for (const flag of message.flags) this.flags.add(flag);
    this.lineEnds.add(lineEndsOf(message.bytes));
    this.#addPatient(message);
    this.#addCodes(message);
    for (const line of message.segments('FT1')) this.#addLine(line, message);
    this.#addPresence(message, type);
    this.#addZSegments(message);
  }

  #addPatient(message: Hl7Message): void {
    const pid = message.segment('PID');
    if (pid === undefined) return;
    this.withPatient += 1;
    const count = Math.min(pid.repetitions(3), 50);
    for (let repetition = 1; repetition <= count; repetition += 1) {
      if ((pid.value(3, 1, 1, repetition) ?? '') === '') continue;
      const authority = labelOf(pid.value(3, 4, 1, repetition) ?? '');
      const type = labelOf(pid.value(3, 5, 1, repetition) ?? '');
      const key = `${authority} ${type}`;
      const known = this.patientIds.get(key);
      if (known !== undefined) known.count += 1;
      else if (this.patientIds.size < CODES_MAX) this.patientIds.set(key, { authority, type, count: 1 });
      else this.otherPatientIds += 1;
    }
    for (const path of NUMBER_PATHS) if (hasText(message.value(path))) this.numbers.add(path);
    const account = message.value('PID-18.1');
    if (hasText(account) && account === message.value('PV1-19.1')) this.accountIsVisit += 1;
  }

  #addCodes(message: Hl7Message): void {
    for (const path of TIME_PATHS) {
      for (const value of valuesAt(message, path)) tallyOf(this.times, path, 20).add(timeShape(value));
    }
    for (const path of SYSTEM_PATHS) {
      for (const value of valuesAt(message, path)) tallyOf(this.systems, path, CODES_MAX).add(labelOf(value));
    }
    for (const path of CODE_PATHS) {
      for (const value of valuesAt(message, path)) tallyOf(this.codes, path, CODES_MAX).add(labelOf(value));
    }
  }

  #addLine(line: Hl7Segment, message: Hl7Message): void {
    const code = labelOf(line.value(6) ?? '');
    let signs = this.signs.get(code);
    if (signs === undefined) {
      if (this.signs.size >= CODES_MAX) return;
      signs = { lines: 0, positive: 0, negative: 0, zero: 0, without: 0, negativeQuantity: 0 };
      this.signs.set(code, signs);
    }
    signs.lines += 1;
    const positions = amountPositionsOf(versionOf(message.version));
    const quantity = decimalAt(line, positions.quantity);
    const extended = decimalAt(line, positions.extended);
    const unit = decimalAt(line, 12);
    const amount = extended ?? unit;
    if (amount === null) signs.without += 1;
    else if (isZero(amount)) signs.zero += 1;
    else if (isNegative(amount)) signs.negative += 1;
    else signs.positive += 1;
    if (quantity !== null && isNegative(quantity)) signs.negativeQuantity += 1;
    if (quantity === null || extended === null || unit === null) return;
    this.amounts.compared += 1;
    const difference = abs(subtract(abs(multiply(quantity, unit)), abs(extended)));
    if (compare(difference, '0.01') > 0) this.amounts.differing += 1;
    if (compare(difference, this.amounts.largest) > 0) this.amounts.largest = difference;
  }

  #addPresence(message: Hl7Message, type: string): void {
    let present = this.present.get(type);
    if (present === undefined) {
      if (this.present.size >= 500) return;
      present = new Map();
      this.present.set(type, present);
    }
    for (const path of WATCHED_FIELDS) {
      if (isThere(message, path)) present.set(path, (present.get(path) ?? 0) + 1);
    }
  }

  #addZSegments(message: Hl7Message): void {
    const names = new Set<string>();
    for (const segment of message.segments()) {
      if (!isZSegment(segment.name) || !/^Z[A-Z0-9]{2}$/.test(segment.name)) continue;
      let facts = this.zSegments.get(segment.name);
      if (facts === undefined) {
        if (this.zSegments.size >= 200) continue;
        facts = { messages: 0, segments: 0, fields: new Map() };
        this.zSegments.set(segment.name, facts);
      }
      facts.segments += 1;
      if (!names.has(segment.name)) facts.messages += 1;
      names.add(segment.name);
      for (let field = 1; field <= Math.min(segment.fieldCount, 200); field += 1) {
        if (hasText(segment.raw(field))) facts.fields.set(field, (facts.fields.get(field) ?? 0) + 1);
      }
    }
  }
}

const hasText = (value: string | undefined): value is string =>
  value !== undefined && value.trim() !== '' && value !== '""';

/** The values of a path in every segment of its name, at most 50. */
function valuesAt(message: Hl7Message, path: string): string[] {
  const [segment = '', place = ''] = path.split('-');
  const [field, component] = place.split('.').map(Number);
  return message
    .segments(segment)
    .slice(0, 50)
    .map((one) => one.value(field ?? 0, component ?? 1))
    .filter(hasText);
}

function tallyOf(tallies: Map<string, Tally>, path: string, distinctMax: number): Tally {
  const known = tallies.get(path);
  if (known !== undefined) return known;
  const tally = new Tally(distinctMax);
  tallies.set(path, tally);
  return tally;
}

/** `second with offset`, `day`; `not a time` for what cannot be read. */
function timeShape(text: string): string {
  const read = readTimestamp(text.trim());
  if (!read.ok) return 'not a time';
  return `${read.value.precision}${read.value.offsetMinutes === null ? '' : ' with offset'}`;
}

const decimalAt = (line: Hl7Segment, field: number): string | null => {
  const text = line.value(field);
  return hasText(text) ? parseDecimal(text.trim()) : null;
};

function lineEndsOf(bytes: Buffer): string {
  const hasCr = bytes.includes(0x0d);
  const hasLf = bytes.includes(0x0a);
  if (hasCr && hasLf) return 'CR LF, or mixed';
  return hasLf ? 'LF' : 'CR';
}
