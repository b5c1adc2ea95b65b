/**
 * What a person in finance may see of a message without asking for more: money, quantities, codes and dates of the
 * business, the ends of identifiers. Whatever no rule allows is hidden, so a field that nobody thought of is, too.
 */

/** `shown` as it is; `partly`: the last characters; `hidden`: nothing but that there is a value. */
export type Mask = 'shown' | 'partly' | 'hidden';

/** Where a value stands. */
export interface MaskedPlace {
  /** `PID`. */
  readonly segment: string;
  readonly field: number;
  /** Data type of the field, e.g. `CX`; null when it is not known. */
  readonly type: string | null;
  readonly component: number;
  /** The profile of the channel says that this field of a Z-segment is no patient data. */
  readonly isShown: boolean;
}

/** Segments about money, places, items and the message itself: every field by its data type. */
const BUSINESS: ReadonlySet<string> = new Set(
  (
    'MSH EVN MSA ERR FHS BHS BTS FTS SFT QAK FT1 BLG RQD RQ1 CDM PRC LOC LCH LDP LCC LRL DEP MFI MFE MFA ' +
    'IIM ITM VND PKG PCE IVT ILT TQ1 IVC PSS PSG PSL ADJ PYE PMT UB1 UB2 RGS AIS AIG AIL AIP'
  ).split(' '),
);

/** Of segments about people and their care only these fields, by their data type. */
const ALLOWED: Readonly<Record<string, readonly number[]>> = {
  PID: [1, 2, 3, 4, 18],
  PV1: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 17, 18, 19, 20, 21, 25, 36, 37, 39, 41, 42, 44, 45, 46, 47, 48, 49, 50, 51],
  PV2: [1, 7, 8, 9, 10, 11, 33],
  MRG: [1, 2, 3, 4, 5, 6],
  GT1: [1, 2, 13, 14],
  IN1: [1, 2, 3, 4, 8, 12, 13, 15, 17, 20, 21, 22, 35, 36],
  ACC: [1, 2],
  ORC: [1, 2, 3, 4, 5, 9, 12, 13, 15, 17, 18],
  OBR: [1, 2, 3, 4, 5, 6, 7, 8, 14, 22, 23, 24, 25, 27, 44],
  RXO: [1, 2, 3, 4],
  RXE: [2, 3, 4, 5, 10, 11, 15, 16, 17, 18],
  RXD: [1, 2, 3, 4, 5, 7, 8, 18],
  RXG: [1, 2, 3, 4, 5, 6, 7],
  RXA: [1, 2, 3, 4, 5, 6, 7, 15, 20, 21],
  SCH: [1, 2, 3, 4, 9, 10, 11, 25, 26, 27],
  STF: [1, 2, 4, 7, 8, 12, 13, 18, 19, 20, 36],
  PRA: [1, 2, 3, 5],
  ORG: [1, 2, 3, 4, 5, 6, 7],
};

/** Diagnoses, people and free text inside of business segments. */
const HIDDEN: ReadonlySet<string> = new Set(['MSH-8', 'FT1-19', 'FT1-42', 'PSL-31', 'IVC-24']);

/** Text that is the name of a thing, or the number of a business record, and not of a patient. */
const PLAIN: ReadonlySet<string> = new Set(
  (
    'MSH-1 MSH-2 MSH-3 MSH-4 MSH-5 MSH-6 MSH-10 MSH-13 MSH-21 EVN-7 MSA-2 ' +
    'BHS-1 BHS-2 BHS-3 BHS-4 BHS-5 BHS-6 BHS-11 FHS-3 FHS-4 FHS-11 ' +
    'FHS-1 FHS-2 BTS-1 FTS-1 FT1-2 FT1-3 FT1-7 FT1-8 FT1-9 FT1-13 FT1-14 FT1-16 FT1-23 FT1-29 FT1-31 FT1-34 FT1-35 ' +
    'FT1-41 PV1-2 PV1-10 PV1-18 PV1-20 IN1-2 IN1-3 IN1-4 RQD-2 RQD-3 RQD-4 RQD-6 RQD-7 RQD-8 RQ1-1 RQ1-3 RQ1-4 RQ1-5 ' +
    'CDM-1 CDM-3 CDM-4 CDM-7 CDM-9 PRC-1 PRC-3 LOC-1 LOC-2 LDP-1 LDP-2 LDP-12 LCC-1 LCC-4 LCH-4 MFI-1 MFE-2 MFE-4 ' +
    'IIM-1 IIM-2 IIM-3 IIM-9 ITM-1 ITM-2 ITM-19 ITM-33 VND-2 VND-3 VND-4 PKG-3 PKG-5 PKG-8 PCE-2 PCE-3 IVT-2 IVT-10 ' +
    'ILT-2 AIS-3 AIL-3 STF-36'
  ).split(' '),
);

/** Data types whose every component is a code, a number, a time or a place. */
const OPEN_TYPES: ReadonlySet<string> = new Set(
  (
    'SI NM ID IS DT TM TS DTM DR NR MO CP MOC MOP CQ CQ_QUANTITY HD VID PT MSG CM_MSG PL CM_INTERNAL_LOCATION ' +
    'LA1 LA2 CM_LA1 FC CM_FINANCE JCC CM_JOB_CODE DLD CM_DLD UVC CM_UVC CCD RPT TQ ELD CM_ELD ERL CM_BATCH_TOTAL'
  ).split(' '),
);

/** Components of coded values that are no text: code and coding system, and their alternates. */
const CODE_PARTS: ReadonlySet<number> = new Set([1, 3, 4, 6]);
const CODED: ReadonlySet<string> = new Set(['CE', 'CWE', 'CNE', 'CF']);

/** Identifiers: component 1 partly, these shown (check digit scheme, authority, type, facility), the rest hidden. */
const IDENTIFIERS: Readonly<Record<string, readonly number[]>> = {
  CX: [3, 4, 5, 6],
  CK: [3, 4],
  CM_PAT_ID: [3, 4, 5],
  CM_PAT_ID_0192: [3, 4, 5],
  CK_ACCOUNT_NO: [3, 4],
  EI: [2, 3, 4],
  EIP: [],
  CM_PLACER: [2],
  CM_FILLER: [2],
  CM_EIP: [],
  XCN: [9, 10, 13],
  CN: [8],
  CN_PERSON: [],
  CNN: [8],
  PPN: [9],
};

/** Text in a field of identifiers: early versions write them as plain ST. */
const TEXT_IDENTIFIERS: ReadonlySet<string> = new Set(
  (
    'PID-2 PID-3 PID-4 PID-18 PV1-19 PV1-50 MRG-1 MRG-2 MRG-3 MRG-4 MRG-5 MRG-6 ORC-2 ORC-3 ORC-4 OBR-2 OBR-3 ' +
    'BLG-3'
  ).split(' '),
);

/** What may be seen of one value. */
export function maskOf({ segment, field, type, component, isShown }: MaskedPlace): Mask {
  if (segment.startsWith('Z')) return isShown ? 'shown' : 'hidden';
  const place = `${segment}-${field}`;
  const isAllowed = BUSINESS.has(segment) || (ALLOWED[segment] ?? []).includes(field);
  if (!isAllowed || HIDDEN.has(place)) return type === 'SI' && field === 1 ? 'shown' : 'hidden';
  if (PLAIN.has(place)) return 'shown';
  if (TEXT_IDENTIFIERS.has(place) && (type === null || type === 'ST')) return component === 1 ? 'partly' : 'hidden';
  if (type === null) return 'hidden';
  if (OPEN_TYPES.has(type)) return 'shown';
  if (CODED.has(type)) return CODE_PARTS.has(component) ? 'shown' : 'hidden';
  const open = Object.hasOwn(IDENTIFIERS, type) ? IDENTIFIERS[type] : undefined;
  if (open === undefined) return 'hidden';
  return component === 1 ? 'partly' : open.includes(component) ? 'shown' : 'hidden';
}

const COVER = '•••';
/** Characters of an identifier that stay; of a short one none does. */
const SHOWN_END = 3;
const SHORT = 6;

/** The value under its mask. How long it is, is not told. HL7 null (`""`) says nothing about anybody and stays. */
export function masked(value: string, mask: Mask): string {
  if (mask === 'shown' || value === '' || value === '""') return value;
  return mask === 'partly' && value.length >= SHORT ? COVER + value.slice(-SHOWN_END) : COVER;
}
