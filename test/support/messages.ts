/** Messages of invented patients, segments separated by CR, for tests that need traffic and not a special case. */

/** What may differ from one sample to the next. */
export interface SampleFacts {
  readonly controlId: string;
  /** PID-3 and the root of account and visit number. */
  readonly patient?: string;
  readonly amount?: string;
}

/** ADT^A01 of about 0.4 KB. */
export function admission({ controlId, patient = 'P100' }: SampleFacts): string {
  return segments([
    `MSH|^~\\&|WARD|NORTH|CAUSEWAY|ERP|20260301083000||ADT^A01^ADT_A01|${controlId}|P|2.5.1`,
    'EVN|A01|20260301083000',
    `PID|1||${patient}^^^NORTH^MR||EXAMPLE^IDA||19700203|F||||||||||${patient}A`,
    `PV1|1|I|MED1^4^B^NORTH|||||||||||||||INP|${patient}V1|||||||||||||||||||||||||20260301082500`,
  ]);
}

/** DFT^P03 with one FT1. */
export function charge({ controlId, patient = 'P100', amount = '125.40' }: SampleFacts): string {
  return segments([
    `MSH|^~\\&|WARD|NORTH|CAUSEWAY|ERP|20260301090000||DFT^P03^DFT_P03|${controlId}|P|2.5.1`,
    'EVN|P03|20260301090000',
    `PID|1||${patient}^^^NORTH^MR||EXAMPLE^IDA||19700203|F||||||||||${patient}A`,
    `PV1|1|I|MED1^4^B^NORTH|||||||||||||||INP|${patient}V1`,
    `FT1|1|T${controlId}||20260301085500|20260301090000|CG|71020^CHEST XRAY^CDM|||1|${amount}|${amount}|CC4711`,
  ]);
}

const segments = (lines: readonly string[]): string => `${lines.join('\r')}\r`;
