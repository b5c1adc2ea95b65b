import { mapFinancialLines } from './dft.ts';
import type { Mapping } from './mapping.ts';

/**
 * DFT^P03 Post detail financial transaction (HL7 v2.5.1 ch. 6). Diagnoses, DRG, guarantor and insurance stand at
 * message level and are not forwarded.
 */
export const dftP03: Mapping = {
  messageTypes: ['DFT^P03'],
  summary: 'One charge, credit, payment or adjustment for each FT1.',
  emits: ['charge.posted', 'charge.credited', 'payment.received', 'adjustment.posted'],
  map: mapFinancialLines,
};
