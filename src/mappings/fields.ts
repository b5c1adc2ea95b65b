/**
 * Typed reading of the fields of one segment. Every reader puts what is wrong into the session and goes on, so that
 * one pass reports all problems of a message; no problem text ever carries a value.
 */
import type { Hl7Segment } from '../hl7/message.ts';
import { readTimestamp, toZoned, type ZonedTime, type ZoneRules } from '../hl7/timestamp.ts';
import { ID_CHARACTERS_MAX, TEXT_CHARACTERS_MAX } from '../model/contract-fields.ts';
import { isCurrency } from '../model/currency.ts';
import { MONEY_SCALE_MAX, parseDecimal, scaleOf, trimScale } from '../model/decimal.ts';
import type { Code, Identifier, Money } from '../model/event.ts';
import type { Problem, ProblemCode } from '../model/problem.ts';

/**
 * What HL7 null (`""`, delete) becomes: `null` in updates, where a receiver must be told, and nothing in events that
 * create, where there is nothing to delete yet.
 */
export type Deletion = null | undefined;

/** What all readers of one outcome share. */
export interface ReadSession<OnDelete extends Deletion> {
  readonly problems: Problem[];
  /** `timeAmbiguous FT1-4`: what a reader of the times should know. */
  readonly timeFlags: string[];
  readonly zone: ZoneRules;
  readonly currency: string;
  readonly deletion: OnDelete;
}

const HL7_NULL = '""';

/** Three letters, or the sign of a currency, where table 0205 (price type) has two letters. */
const LOOKS_LIKE_A_CURRENCY = /^[A-Za-z]{3}$|\p{Sc}/u;

/** Code unit below which a character is a control character. */
const FIRST_PRINTABLE = 32;

/** Reads one segment; without the segment every field is absent. */
export class FieldReader<OnDelete extends Deletion = Deletion> {
  readonly session: ReadSession<OnDelete>;
  readonly #segment: Hl7Segment | undefined;
  /** `PID`, or `FT1[2]` where the segment repeats. */
  readonly #name: string;

  constructor(segment: Hl7Segment | undefined, name: string, session: ReadSession<OnDelete>) {
    this.#segment = segment;
    this.#name = name;
    this.session = session;
  }

  /** Whether the segment is there at all. */
  get isPresent(): boolean {
    return this.#segment !== undefined;
  }

  repetitions(field: number): number {
    return this.#segment?.repetitions(field) ?? 0;
  }

  /** The text as decoded, blanks around removed; '' when absent. HL7 null stays `""`. */
  plain(field: number, component = 1, subcomponent = 1, repetition = 1): string {
    const value = this.#segment?.value(field, component, subcomponent, repetition);
    return value === undefined || value === '' ? '' : value.trim();
  }

  /** Free text of one component, at most `TEXT_CHARACTERS_MAX` characters. */
  text(field: number, component = 1): string | undefined | OnDelete {
    const value = this.plain(field, component);
    if (value === HL7_NULL) return this.session.deletion;
    return value === '' ? undefined : this.#bounded(value, field, component, TEXT_CHARACTERS_MAX);
  }

  /** A reference of the sender: short text without control characters. HL7 null counts as absent. */
  reference(field: number, component = 1, repetition = 1): string | undefined {
    const value = this.plain(field, component, 1, repetition);
    return value === '' || value === HL7_NULL ? undefined : this.#key(value, field, component, repetition);
  }

  /** CX, XCN, EI: the id is component 1, the assigning authority `systemComponent`. */
  identifier(field: number, systemComponent = 4, repetition = 1): Identifier | undefined | OnDelete {
    if (this.plain(field, 1, 1, repetition) === HL7_NULL) return this.session.deletion;
    const value = this.reference(field, 1, repetition);
    if (value === undefined) return undefined;
    const system = this.#label(field, systemComponent, repetition);
    return system === undefined ? { value } : { value, system };
  }

  /** CE, CWE, CNE: code, label, coding system. A field of plain text is a code without label. */
  code(field: number, repetition = 1): Code | undefined | OnDelete {
    const plain = this.plain(field, 1, 1, repetition);
    if (plain === HL7_NULL) return this.session.deletion;
    if (plain === '') return undefined;
    const code = this.#key(plain, field, 1, repetition);
    if (code === undefined) return undefined;
    const text = this.#label(field, 2, repetition);
    const system = this.#label(field, 3, repetition);
    return { code, ...(system === undefined ? {} : { system }), ...(text === undefined ? {} : { text }) };
  }

  /** NM. HL7 null counts as absent. */
  decimal(field: number): string | undefined {
    const value = this.plain(field);
    const isOne = this.#isOneValue(field);
    if (value === '' || value === HL7_NULL || !isOne) return undefined;
    if (this.plain(field, 1, 2) !== '') {
      this.problem('format', this.path(field), 'Expected a number alone, found subcomponents.');
      return undefined;
    }
    const decimal = parseDecimal(value);
    if (decimal === null) this.problem('format', this.path(field), 'Expected a number such as 2 or -1.50.');
    return decimal ?? undefined;
  }

  /**
   * MO, CP or NM: amount in subcomponent 1, currency in subcomponent 2 (v2.5.1 ch. 2A, CP: price is an MO). Some
   * senders write the currency as component 2; table 0205 (price type) has two-letter codes only, so three letters
   * are one: in capitals or not, and never another currency than the one that they name.
   */
  money(field: number): Money | undefined | OnDelete {
    return this.#isOneValue(field) ? this.moneyAt(field, 1) : undefined;
  }

  /** `money` of one repetition of a field that may repeat (PRC-5). */
  moneyAt(field: number, repetition: number): Money | undefined | OnDelete {
    const value = this.plain(field, 1, 1, repetition);
    if (value === HL7_NULL) return this.session.deletion;
    if (value === '') return undefined;
    const decimal = parseDecimal(value);
    if (decimal === null) {
      this.problem(
        'format',
        this.path(field),
        'Expected an amount such as 12.50: digits, an optional sign, one decimal point.',
      );
      return undefined;
    }
    const amount = trimScale(decimal, MONEY_SCALE_MAX);
    if (scaleOf(amount) > MONEY_SCALE_MAX) {
      this.problem(
        'out-of-range',
        this.path(field),
        `Expected at most ${MONEY_SCALE_MAX} digits behind the decimal point.`,
      );
      return undefined;
    }
    const currency = this.#currency(field, repetition);
    return currency === undefined ? undefined : { amount, currency };
  }

  #currency(field: number, repetition: number): string | undefined {
    const stated = this.plain(field, 1, 2, repetition);
    if (stated === '' || stated === HL7_NULL) {
      const second = this.plain(field, 2, 1, repetition);
      return LOOKS_LIKE_A_CURRENCY.test(second) ? this.#known(second, this.path(field, 2)) : this.session.currency;
    }
    return this.#known(stated, this.path(field, 1, 2));
  }

  #known(currency: string, path: string): string | undefined {
    const code = currency.toUpperCase();
    if (isCurrency(code)) return code;
    this.problem('format', path, 'Expected a currency code of three letters (ISO 4217).');
    return undefined;
  }

  /** Numbers and amounts do not repeat: of two values nobody can say which one counts. */
  #isOneValue(field: number): boolean {
    for (let repetition = this.repetitions(field); repetition > 1; repetition -= 1) {
      if (this.plain(field, 1, 1, repetition) === '') continue;
      this.problem('format', this.path(field), 'Expected one value, found repetitions.');
      return false;
    }
    return true;
  }

  /** DT, TS, DTM or the start of a DR, as precise as sent, in the rules of the zone. HL7 null: see `Deletion`. */
  time(field: number): string | undefined | OnDelete {
    const zoned = this.zonedTime(field);
    return zoned === undefined || zoned === null ? zoned : zoned.text;
  }

  /** Like `time`, with the instant in UTC where the precision allows one. */
  zonedTime(field: number): ZonedTime | undefined | OnDelete {
    return this.#zonedTime(field, 1);
  }

  /** `time` of a component other than the first: DR end, DIN, CCD, TQ. */
  timeAt(field: number, component: number, repetition = 1): string | undefined | OnDelete {
    const zoned = this.#zonedTime(field, component, repetition);
    return zoned === undefined || zoned === null ? zoned : zoned.text;
  }

  #zonedTime(field: number, component: number, repetition = 1): ZonedTime | undefined | OnDelete {
    const value = this.plain(field, component, 1, repetition);
    if (value === HL7_NULL) return this.session.deletion;
    if (value === '') return undefined;
    const timestamp = readTimestamp(value, this.path(field, component === 1 ? 0 : component));
    if (!timestamp.ok) {
      for (const { code, path, text } of timestamp.problems) this.problem(code, path, text);
      return undefined;
    }
    const zoned = toZoned(timestamp.value, this.session.zone);
    for (const flag of zoned.flags) this.session.timeFlags.push(`${flag} ${this.#name.slice(0, 3)}-${field}`);
    return zoned;
  }

  /** A problem `required` unless the value is there; HL7 null counts as missing. */
  required<Value>(value: Value | null | undefined, field: number, expectation: string): Value | undefined {
    if (value !== undefined && value !== null) return value;
    // A value that was sent but could not be read has its own problem already.
    const plain = this.plain(field);
    if (plain === '' || plain === HL7_NULL) this.problem('required', this.path(field), `Expected ${expectation}.`);
    return undefined;
  }

  /** Where a field is, for problems: `FT1[2]-11`, `PID-3.4`. */
  path(field: number, component = 0, subcomponent = 0): string {
    const base = `${this.#name}-${field}`;
    if (component === 0) return base;
    return subcomponent === 0 ? `${base}.${component}` : `${base}.${component}.${subcomponent}`;
  }

  /** Says the same thing once: a field such as PID-18 may be read for the account and for the encounter. */
  problem(code: ProblemCode, path: string, text: string): void {
    const { problems } = this.session;
    if (problems.some((known) => known.path === path && known.text === text)) return;
    problems.push({ code, path, text });
  }

  /** Text beside a code or id: never a reason to refuse, so an overlong one is cut. */
  #label(field: number, component: number, repetition: number): string | undefined {
    const value = this.plain(field, component, 1, repetition);
    return value === '' || value === HL7_NULL ? undefined : value.slice(0, TEXT_CHARACTERS_MAX);
  }

  #key(value: string, field: number, component: number, repetition: number): string | undefined {
    if (this.#segment?.value(field, component, 2, repetition) !== undefined) {
      // Reading only the first part would make two different ids equal.
      this.problem(
        'format',
        this.path(field, component),
        'Expected one value, found subcomponents (an unescaped separator?).',
      );
      return undefined;
    }
    if (hasControlCharacter(value)) {
      this.problem('format', this.path(field, component), 'Expected text without control characters.');
      return undefined;
    }
    return this.#bounded(value, field, component, ID_CHARACTERS_MAX);
  }

  #bounded(value: string, field: number, component: number, charactersMax: number): string | undefined {
    if (value.length <= charactersMax) return value;
    this.problem('limit', this.path(field, component), `Expected at most ${charactersMax} characters.`);
    return undefined;
  }
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) < FIRST_PRINTABLE) return true;
  }
  return false;
}
