/**
 * Certificates, keys and CAs from files: read, compared with each other, and what is known of them. Also what every TLS
 * connection of the product has in common (RFC 9325: TLS 1.2 or newer, AEAD suites with forward secrecy only).
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { CertificateFacts, CertificateRole } from '../model/certificate.ts';
import { CausewayError } from '../model/errors.ts';
import { readSecret, type SecretReference, systemCredentialsDirectory } from './secrets.ts';

/** Largest file of certificates, in bytes. */
const FILE_BYTES_MAX = 1_048_576;

/** The suites of TLS 1.3 and those of 1.2 that RFC 9325 §4.2 recommends, in order of preference. */
export const AEAD_SUITES = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Where the material of one owner is; at least one of certificate (with key) and CA. */
export interface TlsFiles {
  readonly certificateFile?: string | undefined;
  readonly key?: SecretReference | undefined;
  readonly caFile?: string | undefined;
}

/** Material that was read and fits together. PEM texts; the key must not leave the process. */
export interface TlsMaterial {
  readonly certificate: string | null;
  readonly key: string | null;
  readonly ca: string | null;
  /** Every certificate in it: the own one, its issuers, the CAs. */
  readonly certificates: readonly CertificateFacts[];
  /** Every user of the machine may read the key: worth a warning. */
  readonly keyIsOpen: boolean;
}

/**
 * Reads the files and looks whether a TLS connection can be made with them. Dates are not judged: an ended certificate
 * is no reason not to start.
 * @throws CausewayError `TLS_MATERIAL_INVALID`, `SECRET_UNREADABLE` (key)
 */
export function readTlsMaterial({ certificateFile, key: reference, caFile }: TlsFiles): TlsMaterial {
  const certificate = certificateFile === undefined ? null : readPem(certificateFile);
  const ca = caFile === undefined ? null : readPem(caFile);
  const secret = reference === undefined ? null : readSecret(reference, systemCredentialsDirectory());
  const key = secret?.value ?? null;
  const own = certificate === null ? [] : certificatesIn(certificate, { role: 'own', path: certificateFile ?? '' });
  const authorities = ca === null ? [] : certificatesIn(ca, { role: 'authority', path: caFile ?? '' });
  if (key !== null) checkPair(certificate ?? '', key, certificateFile ?? '');
  return {
    certificate,
    key,
    ca,
    certificates: [...own, ...authorities],
    keyIsOpen: secret?.worldReadable ?? false,
  };
}

function readPem(path: string): string {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= FILE_BYTES_MAX) return bytes.toString('latin1');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new CausewayError('TLS_MATERIAL_INVALID', `${path} cannot be read (${code}).`, { cause });
  }
  throw new CausewayError('TLS_MATERIAL_INVALID', `${path} is larger than 1 MiB.`);
}

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

function certificatesIn(
  pem: string,
  { role, path }: { readonly role: CertificateRole; readonly path: string },
): readonly CertificateFacts[] {
  const blocks = pem
    .split(BEGIN)
    .slice(1)
    .map((block) => `${BEGIN}${block.slice(0, block.indexOf(END) + END.length)}\n`);
  if (blocks.length === 0) throw new CausewayError('TLS_MATERIAL_INVALID', `${path} holds no certificate in PEM.`);
  return blocks.map((block, index) => {
    try {
      // Behind the own certificate stand those of its issuers.
      return factsOf(new X509Certificate(block), index === 0 ? role : 'authority');
    } catch (cause) {
      throw new CausewayError('TLS_MATERIAL_INVALID', `Certificate ${index + 1} of ${path} is damaged.`, { cause });
    }
  });
}

const factsOf = (certificate: X509Certificate, role: CertificateRole): CertificateFacts => ({
  role,
  name: nameOf(certificate),
  notBeforeMs: Date.parse(certificate.validFrom),
  notAfterMs: Date.parse(certificate.validTo),
});

/** The common name, else the whole subject on one line. */
function nameOf({ subject }: X509Certificate): string {
  const lines = (subject ?? '').split('\n');
  const common = lines.find((line) => line.startsWith('CN='));
  return (common?.slice('CN='.length) ?? lines.join(', ')).slice(0, 200);
}

function checkPair(certificate: string, key: string, path: string): void {
  const wrong = (what: string, cause: unknown): CausewayError =>
    new CausewayError('TLS_MATERIAL_INVALID', what, { cause });
  try {
    createPrivateKey(key);
  } catch (cause) {
    throw wrong('The private key is no PEM key without passphrase.', cause);
  }
  let fits = false;
  try {
    fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    createSecureContext({ cert: certificate, key, ciphers: AEAD_SUITES, minVersion: 'TLSv1.2' });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw wrong(`${path} cannot be used (${code}).`, cause);
  }
  if (!fits) throw wrong(`The private key is not the one of the first certificate in ${path}.`, undefined);
}
