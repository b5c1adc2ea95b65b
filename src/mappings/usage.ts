/** supply.used and supply.returned: one repetition of OBX-5, its parts where `profile.usage` says. */
import type { Hl7Message, Hl7Segment } from '../hl7/message.ts';
import { abs, isNegative, isZero } from '../model/decimal.ts';
import type { CanonicalEvent, Code } from '../model/event.ts';
import type { OrderingKey } from '../model/ids.ts';
import type { FieldReader } from './fields.ts';
import { keyOf, readByPaths } from './identity.ts';
import type { MessageReading, Part } from './parts.ts';
import { anyCode, quantityAt } from './quantities.ts';
import type { Subject } from './subject.ts';

/** OBX-5. */
const VALUE = 5;

/** What a message says once for all its supplies. */
export interface CaseFacts {
  readonly subject: Subject;
  readonly caseId: string | undefined;
}

/** One used supply: a repetition of OBX-5 with the segments that stand before it. */
export interface UsageLine {
  /** `OBX[2]`, and `OBX[2]-5[3]` for a further repetition. */
  readonly place: string;
  readonly obx: Hl7Segment;
  readonly repetition: number;
  readonly css: Hl7Segment | undefined;
  readonly obr: Hl7Segment | undefined;
}

/** OBX-2 of values that cannot name a supply: numbers, dates, times, free text, documents. */
const NO_SUPPLY: ReadonlySet<string> = new Set(['NM', 'SN', 'DT', 'TM', 'TS', 'DTM', 'TX', 'FT', 'ED', 'RP']);

/** Every OBX-5 that can name a supply, in the order of the message. */
export function usageLines(message: Hl7Message): readonly UsageLine[] {
  const lines: UsageLine[] = [];
  let css: Hl7Segment | undefined;
  let obr: Hl7Segment | undefined;
  let ordinal = 0;
  for (const segment of message.segments()) {
    if (segment.name === 'CSS') css = segment;
    if (segment.name === 'OBR') obr = segment;
    if (segment.name !== 'OBX') continue;
    ordinal += 1;
    if (NO_SUPPLY.has((segment.value(2) ?? '').trim())) continue;
    const count = segment.repetitions(VALUE);
    for (let repetition = 1; repetition <= count; repetition += 1) {
      const place = repetition === 1 ? `OBX[${ordinal}]` : `OBX[${ordinal}]-5[${repetition}]`;
      lines.push({ place, obx: segment, repetition, css, obr });
    }
  }
  return lines;
}

/** The case id by the paths of the profile. */
export const readCaseId = ({ message, context, session }: MessageReading): string | undefined =>
  readByPaths(message, context.profile.usage.caseId, session, 'encounter')?.value;

/** The event of one line; null, with problems, when it is not known what was used, how much, when or for what. */
export function usageEvent(part: Part, line: UsageLine, { subject, caseId }: CaseFacts): CanonicalEvent | null {
  const { usage } = part.reading.context.profile;
  const obx = part.readerOf(line.obx);
  const value = new ComponentReader(obx, line.repetition);
  const item = value.required(value.code(usage.item), usage.item, 'the item that was used');
  const sent = value.required(value.quantity(usage.quantity, usage.unit), usage.quantity, 'the quantity');
  if (sent !== undefined && isZero(sent.value)) {
    obx.problem('out-of-range', obx.path(VALUE, usage.quantity), 'Expected a quantity other than zero.');
  }
  const isTakenBack = readIsTakenBack(obx);
  const { css, obr } = readersBefore(part, line);
  const usedAt = obx.required(css.time(2) ?? obx.time(14) ?? obr.time(7), 14, 'when it was used');
  const department = value.code(usage.department);
  const orderingKey = keyFor(part, { subject, caseId, department });
  const details = {
    caseId,
    ...subject,
    lot: value.text(usage.lot),
    serial: value.text(usage.serial),
    expiry: usage.expiry === 0 ? undefined : obx.timeAt(VALUE, usage.expiry, line.repetition),
    location: value.code(usage.location),
    department,
    procedure: anyCode(obr, 44) ?? anyCode(obr, 4),
  };
  if (item === undefined || sent === undefined || usedAt === undefined || orderingKey === undefined) return null;
  if (isTakenBack === undefined) return null;
  const kind = isNegative(sent.value) === isTakenBack ? 'supply.used' : 'supply.returned';
  const quantity = { ...sent, value: abs(sent.value) };
  const data = { usageId: part.eventId(kind), item, quantity, usedAt, ...details };
  return part.event(kind, { orderingKey, effectiveTime: usedAt, data });
}

/**
 * OBX-11, table 0085: D deletes and W withdraws what was reported before, so it is taken back. Undefined, with a
 * problem, for a line that says that nothing was found out.
 */
function readIsTakenBack(obx: FieldReader<undefined>): boolean | undefined {
  const status = obx.plain(11);
  if (status !== 'X' && status !== 'N') return status === 'D' || status === 'W';
  obx.problem('unsupported-code', obx.path(11), 'Expected a status of something used or taken back (table 0085).');
  return undefined;
}

function readersBefore(part: Part, { css, obr }: UsageLine) {
  return {
    css: css === undefined ? part.reader(undefined, 'CSS') : part.readerOf(css),
    obr: obr === undefined ? part.reader(undefined, 'OBR') : part.readerOf(obr),
  };
}

/** What a usage belongs to: the case, else the encounter, else the department; else it cannot be booked. */
function keyFor(
  part: Part,
  { subject, caseId, department }: CaseFacts & { readonly department: Code | undefined },
): OrderingKey | undefined {
  const key =
    caseId !== undefined
      ? keyOf('case', { value: caseId })
      : subject.encounterId !== undefined
        ? keyOf('encounter', subject.encounterId)
        : department && keyOf('department', { value: department.code });
  if (key === undefined) {
    const [path = ''] = part.reading.context.profile.usage.caseId;
    part.problem('required', path, 'Expected a case id, a visit number or the department of the usage.');
  } else {
    part.keys.push(key);
  }
  return key;
}

/** One repetition of OBX-5, read by component number; 0 stands for a part that the sender does not send. */
class ComponentReader {
  readonly #obx: FieldReader<undefined>;
  readonly #repetition: number;

  constructor(obx: FieldReader<undefined>, repetition: number) {
    this.#obx = obx;
    this.#repetition = repetition;
  }

  text(component: number): string | undefined {
    return component === 0 ? undefined : this.#obx.reference(VALUE, component, this.#repetition);
  }

  code(component: number): Code | undefined {
    const code = this.text(component);
    return code === undefined ? undefined : { code };
  }

  quantity(value: number, unit: number) {
    const repetition = this.#repetition;
    if (value === 0) return { value: '1' };
    return quantityAt(this.#obx, [VALUE, value, 1, repetition], [VALUE, unit === 0 ? 99 : unit, 1, repetition]);
  }

  /** Like `FieldReader.required`, for one component. */
  required<Value>(value: Value | undefined, component: number, expectation: string): Value | undefined {
    const sent = this.#obx.plain(VALUE, component, 1, this.#repetition);
    if (value === undefined && (sent === '' || sent === '""')) {
      this.#obx.problem('required', this.#obx.path(VALUE, component), `Expected ${expectation}.`);
    }
    return value;
  }
}
