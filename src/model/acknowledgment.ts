/**
 * HL7 table 0008 (v2.5.1 ch. 2, MSA-1), original mode: AA accepted and stored, AE not stored – send again, AR never
 * acceptable.
 */
export type AckCode = 'AA' | 'AE' | 'AR';
