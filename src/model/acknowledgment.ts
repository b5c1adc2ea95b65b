/**
 * HL7 table 0008 (v2.5.1 ch. 2, MSA-1), original mode: AA accepted and stored, AE not accepted this time – not stored,
 * or an error in what it says (§2.9.2.2) on a channel that refuses these – AR never acceptable.
 */
export type AckCode = 'AA' | 'AE' | 'AR';
