/**
 * Synthetic traffic of invented patients: `adt` of about 0.9 KB (A01, A03, A04, A08), `dft` of about 2 KB (P03 with
 * four FT1).
 * The same seed gives the same bytes, so that two measurements see the same messages.
 */

/** Kinds of traffic. */
export const CORPORA = ['adt', 'dft'] as const;
export type CorpusKind = (typeof CORPORA)[number];

const FAMILIES = [
  'ALVAREZ',
  'BECKER',
  'CHOWDHURY',
  'DUBOIS',
  'EKLUND',
  'FARAH',
  'GRUBER',
  'HAYASHI',
  'JANSEN',
  'KOVACS',
];
const GIVEN = ['ANNA', 'BORIS', 'CARLA', 'DINESH', 'ELENA', 'FELIX', 'GRETA', 'HASSAN', 'INGRID', 'JONAS'];
const STREETS = ['ELM ST', 'RIVER RD', 'HARBOUR WAY', 'MARKET SQ', 'CHAPEL LN', 'MILL AVE'];
const CITIES = ['NORTHFORD', 'EASTHAVEN', 'WESTBRIDGE', 'SOUTHGATE'];
const UNITS = ['ICU', 'MED1', 'MED2', 'SURG', 'ED', 'PEDS', 'ONC', 'CARD'];
const ITEMS = ['CHEST XRAY 2 VIEWS', 'CBC WITH DIFF', 'IV SET PRIMARY', 'ROOM AND BOARD', 'DRESSING STERILE 4X4'];

/** `count` MLLP frames, one after the other; MSH-10 is a placeholder that the load generator replaces. */
export function corpus(kind: CorpusKind, count = 500, seed = 1): Buffer {
  const writer = new MessageWriter(seed);
  const messages = Array.from({ length: count }, () => (kind === 'adt' ? writer.admission() : writer.charges()));
  return Buffer.from(messages.map((message) => `\u000b${message}\u001c\r`).join(''), 'latin1');
}

class MessageWriter {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  admission(): string {
    const event = this.#pick(['A01', 'A04', 'A08', 'A03']);
    return segments([
      this.#header(`ADT^${event}^ADT_A01`),
      `EVN|${event}|${this.#time()}||${this.#pick(['REG', 'UPD'])}|${this.#digits(4)}^${this.#name()}|${this.#time()}`,
      this.#patient(),
      `NK1|1|${this.#name()}|SPO^Spouse^HL70063|${this.#address()}|^PRN^PH^^1^${this.#digits(3)}^${this.#digits(7)}`,
      this.#visit(),
      `IN1|1|${this.#digits(3)}^BASIC PLAN^PLANS|${this.#digits(4)}|NORTH MUTUAL|PO BOX 11||||GRP${this.#digits(4)}`,
    ]);
  }

  charges(): string {
    return segments([
      this.#header('DFT^P03^DFT_P03'),
      `EVN|P03|${this.#time()}||CHG|${this.#digits(4)}^${this.#name()}`,
      this.#patient(),
      this.#visit(),
      ...[1, 2, 3, 4].map((line) => this.#charge(line)),
      'DG1|1||I10^Essential hypertension^I10|||A',
    ]);
  }

  #charge(line: number): string {
    const quantity = this.#number(1, 5);
    const unitCents = this.#number(1_000, 90_000);
    const money = (cents: number) => (cents / 100).toFixed(2);
    const code = `${this.#digits(5)}^${this.#pick(ITEMS)}^CDM`;
    const amounts = `${quantity}|${money(quantity * unitCents)}|${money(unitCents)}`;
    const cost = `CC${this.#digits(4)}^${this.#pick(UNITS)}`;
    const providers = `${this.#provider()}|${this.#provider()}`;
    const times = `${this.#time()}|${this.#time()}`;
    const diagnosis = `I10.${this.#number(0, 9)}^Essential hypertension^I10`;
    return (
      `FT1|${line}|${this.#digits(9)}|${this.#digits(5)}|${times}|CG|${code}|||${amounts}|${cost}` +
      `|GRP${this.#digits(4)}||${this.#location()}|||${diagnosis}|${providers}` +
      `|||${this.#provider()}|${this.#digits(5)}^PROCEDURE^CPT|26`
    );
  }

  #header(type: string): string {
    return `MSH|^~\\&|LEGACYADT|GENHOSP|CAUSEWAY|ERP|${this.#time()}||${type}|PLACEHOLDER|P|2.5.1|||AL|NE|USA|ASCII`;
  }

  #patient(): string {
    const born = this.#time().slice(0, 8);
    const ids = `${this.#digits(8)}^^^GENHOSP^MR~${this.#digits(9)}^^^STATE^NI`;
    const phone = `^PRN^PH^^1^${this.#digits(3)}^${this.#digits(7)}`;
    const account = `${this.#digits(10)}^^^GENHOSP^VN`;
    return (
      `PID|1||${ids}||${this.#name()}^K^^^^L||${born}|${this.#pick(['M', 'F', 'U'])}||2106-3^White^HL70005` +
      `|${this.#address()}||${phone}|${phone}|ENG^English^HL70296|M|CHR|${account}`
    );
  }

  #visit(): string {
    const doctors = `${this.#provider()}|${this.#provider()}`;
    const service = this.#pick(['MED', 'SUR', 'CAR']);
    return (
      `PV1|1|${this.#pick(['I', 'O', 'E'])}|${this.#location()}|R|||${doctors}||${service}||||7|A0||` +
      `${this.#provider()}|INP|${this.#digits(10)}^^^GENHOSP^VN|SELF||||||||||||||||||||GENHOSP||A|||${this.#time()}`
    );
  }

  #provider = (): string => `${this.#digits(5)}^${this.#name()}^A^^DR^MD^^NPI^L^^^NPI`;
  #name = (): string => `${this.#pick(FAMILIES)}^${this.#pick(GIVEN)}`;
  #location = (): string => `${this.#pick(UNITS)}^${this.#number(1, 40)}^A^GENHOSP^^BED^MAIN^${this.#number(1, 6)}`;

  #address(): string {
    const street = `${this.#number(1, 999)} ${this.#pick(STREETS)}^APT ${this.#number(1, 60)}`;
    return `${street}^${this.#pick(CITIES)}^OH^${this.#digits(5)}^USA^H`;
  }

  #time(): string {
    const two = (low: number, high: number) => String(this.#number(low, high)).padStart(2, '0');
    return `2026${two(1, 2)}${two(1, 28)}${two(3, 23)}${two(0, 59)}${two(0, 59)}`;
  }

  #digits(length: number): string {
    return String(this.#number(10 ** (length - 1), 10 ** length - 1));
  }

  #pick(choices: readonly string[]): string {
    return choices[this.#number(0, choices.length - 1)] ?? '';
  }

  /** A linear congruential generator: the same everywhere. */
  #number(low: number, high: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return low + Math.floor((this.#state / 4_294_967_296) * (high - low + 1));
  }
}

const segments = (lines: readonly string[]): string => `${lines.join('\r')}\r`;
