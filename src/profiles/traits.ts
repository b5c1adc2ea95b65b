/** What tells one sender's messages from another's, read of one message. Labels only: never a value of a patient. */
import type { Hl7Message } from '../hl7/message.ts';

/** Longest label, in characters. */
const LABEL_MAX = 60;

/**
 * Text of a sender as a label: short, and without signs that a label of a system, a code or a type does not have.
 * Linear in `LABEL_MAX`.
 */
export const labelOf = (text: string): string =>
  text
    .slice(0, LABEL_MAX)
    .replace(/[^\p{L}\p{N} _.:/^&+#~-]/gu, '?')
    .trim();

/** `LAB/NORTH`: MSH-3.1 and MSH-4.1. */
export const senderOf = (message: Hl7Message): string =>
  `${message.value('MSH-3.1') ?? ''}/${message.value('MSH-4.1') ?? ''}`;

/** Whether the name of a segment is that of a locally defined one (HL7 v2.5.1 ch. 2). */
export const isZSegment = (name: string): boolean => name.length === 3 && name.charCodeAt(0) === 0x5a;

/** Fields whose absence changes what an event says or whether there is one; a profile learns which are always there. */
export const WATCHED_FIELDS: readonly string[] = (
  'EVN-2 PID-3 PID-5 PID-7 PID-8 PID-18 PV1-2 PV1-3 PV1-7 PV1-10 PV1-18 PV1-19 PV1-20 PV1-36 PV1-44 PV1-45 PV1-50 ' +
  'MRG-1 MRG-3 MRG-5 GT1-2 IN1-2 IN1-3 IN1-4 FT1-2 FT1-4 FT1-5 FT1-6 FT1-7 FT1-10 FT1-11 FT1-12 FT1-13 FT1-16 FT1-20 ' +
  'FT1-21 FT1-23 FT1-25 ORC-1 ORC-2 ORC-3 ORC-5 OBR-2 OBR-3 OBR-4 OBR-7 OBR-22 OBR-25 BLG-1 BLG-3 RQD-2 RQD-5 RQD-7 ' +
  'RXD-2 RXD-4 RXA-5 RXA-6 SCH-1 SCH-2 SCH-11 SCH-25 AIS-3 STF-2 STF-7 MFI-1 MFI-3 MFE-1 MFE-4 CDM-1 PRC-5 LOC-1 ' +
  'LDP-12 IIM-2 ITM-1'
).split(' ');
