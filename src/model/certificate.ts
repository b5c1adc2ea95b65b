/** What is known of certificates and shown of them: names, roles and dates. */

/** What a certificate is there for. `authority`: it proves the certificates of others. */
export type CertificateRole = 'own' | 'authority';

/** One certificate as it was read. Times are epoch ms. */
export interface CertificateFacts {
  readonly role: CertificateRole;
  /** Common name of its subject, else the whole subject on one line. */
  readonly name: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const DAY_MS = 86_400_000;

/** Days before the end at which a certificate is spoken of, the last one first. */
export const WARNING_DAYS = [1, 7, 30] as const;

/** How near a certificate is to its end: `ended`, the smallest of the warnings that holds, or null when none does. */
export type CertificateUrgency = 'ended' | (typeof WARNING_DAYS)[number] | null;

/** The urgency at a moment; a certificate that is not valid yet is as useless as one that has ended. */
export function certificateUrgency(
  { notBeforeMs, notAfterMs }: Pick<CertificateFacts, 'notBeforeMs' | 'notAfterMs'>,
  nowMs: number,
): CertificateUrgency {
  if (nowMs > notAfterMs || nowMs < notBeforeMs) return 'ended';
  return WARNING_DAYS.find((days) => notAfterMs - nowMs <= days * DAY_MS) ?? null;
}
