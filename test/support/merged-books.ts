/**
 * The books of an ERP that follows merges by moving what is there, and nothing more: it books every event on the number
 * that it is given. So a charge that comes late under a number that ended is lost to sight, unless it was re-pointed.
 */

/** What is known of an event. */
export interface BookedEvent {
  readonly type: string;
  readonly sequence: string;
  readonly correlationid: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Numbered {
  readonly value: string;
}

const numberIn = (data: BookedEvent['data'], name: string): string | undefined =>
  (data[name] as Numbered | undefined)?.value;

/** Cents by account, and the patient of each encounter. Applies each event once, in the order given. */
export class MergedBooks {
  readonly #cents = new Map<string, number>();
  readonly #patientOf = new Map<string, string>();

  apply({ type, data }: BookedEvent): void {
    if (type.startsWith('org.causeway.charge.')) {
      const { amount } = data['amount'] as { amount: string };
      this.#book(numberIn(data, 'account') ?? '', Math.round(Number(amount) * 100));
    } else if (type.startsWith('org.causeway.encounter.')) {
      this.#patientOf.set(numberIn(data, 'encounterId') ?? '', numberIn(data, 'patientId') ?? '');
    } else if (type === 'org.causeway.patient.merged.v1') this.#merge(data);
  }

  /** What is not nothing, sorted. */
  get state(): { readonly accounts: object; readonly encounters: object } {
    const sorted = <Value>(map: ReadonlyMap<string, Value>): object =>
      Object.fromEntries([...map].filter(([, value]) => value !== 0).sort(([a], [b]) => (a < b ? -1 : 1)));
    return { accounts: sorted(this.#cents), encounters: sorted(this.#patientOf) };
  }

  #merge(data: BookedEvent['data']): void {
    const survivor = numberIn(data, 'survivor') ?? '';
    const retired = new Set((data['retired'] as readonly Numbered[]).map(({ value }) => value));
    for (const [encounter, patient] of this.#patientOf)
      if (retired.has(patient)) this.#patientOf.set(encounter, survivor);
    const [from, to] = [numberIn(data, 'retiredAccount'), numberIn(data, 'survivorAccount')];
    if (data['scope'] !== 'account' || from === undefined || to === undefined || from === to) return;
    this.#book(to, this.#cents.get(from) ?? 0);
    this.#cents.delete(from);
  }

  #book(account: string, cents: number): void {
    this.#cents.set(account, (this.#cents.get(account) ?? 0) + cents);
  }
}

/** The books after events in the order given. */
export function booksOf(events: readonly BookedEvent[]): MergedBooks['state'] {
  const books = new MergedBooks();
  for (const event of events) books.apply(event);
  return books.state;
}

/** One message of a patient, whose account is `PATIENTA` and whose visit is `PATIENTV1`. */
export type PatientMessage =
  | { readonly what: 'charge'; readonly patient: string; readonly cents: number }
  | { readonly what: 'admission'; readonly patient: string }
  | { readonly what: 'merge' | 'unlink'; readonly patient: string; readonly other: string };

/** HL7 of a message; of a merge `other` ends in `patient`, with its account. */
export function textOf(message: PatientMessage, controlId: string): string {
  const head = (type: string, trigger: string): string[] => [
    `MSH|^~\\&|WARD|NORTH|CAUSEWAY|ERP|20260301090000||${type}^${trigger}|${controlId}|P|2.5.1`,
    `EVN|${trigger}|20260301090000`,
  ];
  const pid = (patient: string, index = 1): string =>
    `PID|${index}||${patient}^^^NORTH^MR||EXAMPLE^IDA|||||||||||||${patient}A`;
  const { patient } = message;
  const pv1 = `PV1|1|I|MED1^4^B^NORTH|||||||||||||||INP|${patient}V1`;
  if (message.what === 'admission') return segments([...head('ADT', 'A01'), pid(patient), pv1]);
  if (message.what === 'charge') {
    const amount = (message.cents / 100).toFixed(2);
    const ft1 = `FT1|1|T1||20260301085500|20260301090000|CG|71020^CHEST XRAY^CDM|||1|${amount}|${amount}|CC4711`;
    return segments([...head('DFT', 'P03'), pid(patient), pv1, ft1]);
  }
  const { other } = message;
  if (message.what === 'unlink') return segments([...head('ADT', 'A37'), pid(patient), pid(other, 2)]);
  return segments([...head('ADT', 'A40'), pid(patient), `MRG|${other}^^^NORTH^MR||${other}A`]);
}

const segments = (lines: readonly string[]): string => `${lines.join('\r')}\r`;

/**
 * What the books must be after messages in the order in which they were taken, told by the messages alone: every number
 * means the one that it has become by then.
 */
export function booksByMessages(messages: readonly PatientMessage[]): MergedBooks['state'] {
  const became = new Map<string, string>();
  const chain = (patient: string): string[] => {
    const next = became.get(patient);
    return next === undefined ? [patient] : [patient, ...chain(next)];
  };
  const now = (patient: string): string => chain(patient).at(-1) ?? patient;
  const cents = new Map<string, number>();
  const patientOf = new Map<string, string>();
  const book = (patient: string, amount: number): void => {
    cents.set(patient, (cents.get(patient) ?? 0) + amount);
  };
  for (const message of messages) {
    const { patient } = message;
    if (message.what === 'charge') book(now(patient), message.cents);
    else if (message.what === 'admission') patientOf.set(`${patient}V1`, now(patient));
    else if (message.what === 'unlink') {
      if (chain(patient).includes(message.other)) became.delete(patient);
      else if (chain(message.other).includes(patient)) became.delete(message.other);
    } else {
      const { other } = message;
      if (chain(patient).includes(other)) became.delete(patient);
      became.set(other, patient);
      const stays = now(patient);
      for (const [encounter, owner] of patientOf) if (owner === other) patientOf.set(encounter, stays);
      const moved = cents.get(other) ?? 0;
      cents.delete(other);
      book(stays, moved);
    }
  }
  const accounts = [...cents].filter(([, amount]) => amount !== 0).map(([patient, amount]) => [`${patient}A`, amount]);
  return {
    accounts: Object.fromEntries(accounts.sort()),
    encounters: Object.fromEntries([...patientOf].sort()),
  };
}
