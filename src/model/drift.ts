/** Ways in which messages differ from what the profile of their channel learned. */
export const DRIFT_KINDS = [
  'sender',
  'message-type',
  'version',
  'charset',
  'z-segment',
  'transaction-type',
  'missing-field',
] as const;

export type DriftKind = (typeof DRIFT_KINDS)[number];

/** One difference. No patient data: names of systems, types, segments, codes and fields. */
export interface DriftFinding {
  readonly kind: DriftKind;
  /** `LAB/NORTH`, `ADT^A31`, `ZFT`, `PV1-19 in DFT^P03`. Empty where the sender left it empty. */
  readonly what: string;
  /** Messages (of FT1-6 lines, of Z-segments segments) since the start; of a missing field, lately. */
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}
