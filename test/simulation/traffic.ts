/** The messages of a simulation, and what each of them must become. Invented patients. */
import { admission, charge } from '../support/messages.ts';
import type { Chance } from './chance.ts';

/**
 * `late`: amounts differ, which a more tolerant profile cures. `bad`: no profile cures it. `mixed`: a good line and a
 * bad one. `reused`: the control id of the message before, with other content. `unreadable`: no HL7 at all.
 */
export type MessageKind =
  | 'charge'
  | 'admission'
  | 'merge'
  | 'late'
  | 'bad'
  | 'mixed'
  | 'reused'
  | 'unmapped'
  | 'unreadable';

/** One message of one sender. */
export interface SimulatedMessage {
  readonly name: string;
  readonly kind: MessageKind;
  readonly controlId: string;
  readonly bytes: Buffer;
  /** Ordering keys beside the subject of its events: those that a merge joins. */
  readonly fences: readonly string[];
  /** What the ERP must have booked for it when all its lines were posted, in hundredths. */
  readonly cents: number;
  /** Answer of the ERP to its events until a person mends the ERP: 422, 410 or none. */
  readonly refusal: 422 | 410 | null;
}

const RARE = ['admission', 'admission', 'merge', 'late', 'bad', 'mixed', 'reused', 'unmapped', 'unreadable'] as const;
const CHARGE_SHARE = 0.55;

/** The messages of one sender, oldest first. Patients are shared between senders. */
export function makeMessages(chance: Chance, sender: number, count: number): readonly SimulatedMessage[] {
  const messages: SimulatedMessage[] = [];
  for (let number = 1; number <= count; number += 1) {
    const before = messages.at(-1);
    const drawn: MessageKind = chance.happens(CHARGE_SHARE) ? 'charge' : chance.pick(RARE);
    const kind = drawn === 'reused' && (before === undefined || before.kind === 'unreadable') ? 'charge' : drawn;
    const name = `S${sender}-${number}`;
    const controlId = kind === 'reused' && before !== undefined ? before.controlId : name;
    const message = makeMessage({ chance, kind, name, controlId });
    // The ERP knows them by their control id.
    messages.push(kind === 'reused' ? { ...message, refusal: before?.refusal ?? null } : message);
  }
  return messages;
}

interface Making {
  readonly chance: Chance;
  readonly kind: MessageKind;
  readonly name: string;
  readonly controlId: string;
}

function makeMessage({ chance, kind, name, controlId }: Making): SimulatedMessage {
  const patient = `P${chance.whole(1, 4)}`;
  const cents = chance.whole(1, 99_999);
  const drawn = chance.next();
  const refusal = refusalOf(kind, drawn);
  const plain = { name, kind, controlId, fences: [] as readonly string[], refusal, cents: 0 };
  const text = textOf(kind, { controlId, patient, cents });
  const bytes = Buffer.from(text, 'latin1');
  if (kind === 'merge') {
    const retired = retiredOf(patient);
    const fences = [`patient:${patient}`, `patient:${retired}`, `account:${patient}A`, `account:${retired}A`];
    return { ...plain, bytes, fences };
  }
  const booked = kind === 'charge' || kind === 'late' || kind === 'reused' || kind === 'mixed';
  return { ...plain, bytes, cents: booked ? cents : 0 };
}

function refusalOf(kind: MessageKind, drawn: number): SimulatedMessage['refusal'] {
  if (kind !== 'charge' || drawn >= 0.08) return null;
  return drawn < 0.05 ? 422 : 410;
}

const retiredOf = (patient: string): string => (patient === 'P1' ? 'P2' : 'P1');

function textOf(kind: MessageKind, facts: { controlId: string; patient: string; cents: number }): string {
  const { controlId, patient, cents } = facts;
  const amount = (cents / 100).toFixed(2);
  const sound = charge({ controlId, patient, amount });
  if (kind === 'admission') return admission({ controlId, patient });
  if (kind === 'late') return sound.replace(`|${amount}|CC4711`, `|${((cents + 5) / 100).toFixed(2)}|CC4711`);
  if (kind === 'bad') return sound.replace(`|${amount}|${amount}|`, `|x${amount}|${amount}|`);
  if (kind === 'mixed')
    return `${sound}${ft1Of(sound).replace('FT1|1|T', 'FT1|2|U').replace(`|${amount}|`, '|12,x|')}\r`;
  if (kind === 'unmapped') return admission({ controlId, patient }).replace('ADT^A01^ADT_A01', 'MDM^T02');
  if (kind === 'unreadable') return `no HL7 at all: ${controlId}`;
  if (kind === 'merge') return mergeOf(controlId, patient);
  return sound;
}

const ft1Of = (message: string): string => message.split('\r').find((segment) => segment.startsWith('FT1')) ?? '';

const mergeOf = (controlId: string, patient: string): string =>
  [
    `MSH|^~\\&|WARD|NORTH|CAUSEWAY|ERP|20260302143000||ADT^A40^ADT_A39|${controlId}|P|2.5.1`,
    'EVN|A40|20260302142900',
    `PID|1||${patient}^^^NORTH^MR||EXAMPLE^IDA|||||||||||||${patient}A`,
    `MRG|${retiredOf(patient)}^^^NORTH^MR||${retiredOf(patient)}A`,
    '',
  ].join('\r');
