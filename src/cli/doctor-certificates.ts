/** Whether the certificates that the configuration names can be used, and when they end. */
import { tlsFilesOf } from '../appliance/tls-files.ts';
import type { Config } from '../config/schema.ts';
import { type CertificateFacts, certificateUrgency } from '../model/certificate.ts';
import { CausewayError } from '../model/errors.ts';
import { readTlsMaterial, type TlsFiles } from '../platform/tls-material.ts';
import { certificateText } from '../status/certificate-wording.ts';
import type { Finding } from './doctor-checks.ts';

/** One line per certificate: it fails when it has ended, and warns in its last 30 days. */
export const checkCertificates = (
  config: Pick<Config, 'channels' | 'destinations'>,
  nowMs: number,
): readonly Finding[] => tlsFilesOf(config).flatMap(([owner, files]) => check(owner, files, nowMs));

function check(topic: string, files: TlsFiles, nowMs: number): readonly Finding[] {
  try {
    const { certificates, keyIsOpen } = readTlsMaterial(files);
    const open: Finding[] = keyIsOpen
      ? [{ level: 'warn', topic, text: 'Every user of this machine may read its private key. Close it (chmod 600).' }]
      : [];
    return [...open, ...certificates.map((one) => ({ topic, ...found(one, topic, nowMs) }))];
  } catch (error) {
    if (!(error instanceof CausewayError)) throw error;
    return [{ level: 'fail', topic, text: `${error.message} ${error.hint}` }];
  }
}

function found(one: CertificateFacts, owner: string, nowMs: number): Pick<Finding, 'level' | 'text'> {
  const urgency = certificateUrgency(one, nowMs);
  const text = certificateText({ ...one, owner }, nowMs);
  if (urgency === null) return { level: 'ok', text: `${text}.` };
  return { level: urgency === 'ended' ? 'fail' : 'warn', text: `${text}. Put a new one into its file.` };
}
