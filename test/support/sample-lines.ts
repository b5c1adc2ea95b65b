/** Segments of invented patients, for tests that change one thing of a message. */

export const MSH_DFT = 'MSH|^~\\&|REG|NORTH|CAUSEWAY|ERP|20260302143000||DFT^P03^DFT_P03|C1|P|2.5.1';
export const EVN = 'EVN||20260302142900';
export const PID = 'PID|1||MRN1001^^^NORTH^MR||FENWICK^ODA|||||||||||||ACC5001';
export const PV1 = 'PV1|1|I|MED3||||||||||||||||V7001';

export const mshAdt = (trigger: string): string =>
  `MSH|^~\\&|REG|NORTH|CAUSEWAY|ERP|20260302143000||ADT^${trigger}|C1|P|2.5.1`;

export interface LineFacts {
  readonly id?: string;
  readonly type?: string;
  readonly quantity?: string;
  readonly extended?: string;
  readonly unit?: string;
}

/** One FT1 with a service date and a code. */
export const ft1 = ({ id = 'T1', type = 'CG', quantity = '', extended = '', unit = '' }: LineFacts): string =>
  `FT1|1|${id}||20260302|20260303|${type}|71020|||${quantity}|${extended}|${unit}|CC1`;

/** A DFT^P03 with these lines. */
export const dft = (...lines: readonly string[]): readonly string[] => [MSH_DFT, EVN, PID, PV1, ...lines];
