import { mapFinancialLines } from './dft.ts';
import type { Mapping } from './mapping.ts';

/**
 * DFT^P11 Post detail financial transactions, expanded (HL7 v2.5.1 ch. 6). DG1, DRG, GT1 and IN1 stand inside each
 * FT1 group; none of them is forwarded, so the lines read like those of P03.
 */
export const dftP11: Mapping = {
  messageTypes: ['DFT^P11'],
  summary: 'One charge, credit, payment or adjustment for each FT1.',
  emits: ['charge.posted', 'charge.credited', 'payment.received', 'adjustment.posted'],
  map: mapFinancialLines,
};
