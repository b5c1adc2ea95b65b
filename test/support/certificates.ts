/** Certificates made at test time: a CA, and whatever it signs, also what nobody should accept. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import forge from 'node-forge';
import { onTestFinished } from 'vitest';

const DAY_MS = 86_400_000;

/** What a certificate says; the defaults are those of a good one. */
export interface Wish {
  /** DNS names; default: localhost. */
  readonly names?: readonly string[];
  /** Default: the first name. */
  readonly commonName?: string;
  /** Days from now; default −1 and 90. */
  readonly from?: number;
  readonly until?: number;
  /** Default: both. */
  readonly purpose?: 'server' | 'client';
}

/** PEM texts. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

const newKey = (): { readonly privateKey: string; readonly publicKey: string } =>
  generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

/** Making keys is slow: certificates share one unless a test needs another. */
let shared: ReturnType<typeof newKey> | null = null;
const sharedKey = (): ReturnType<typeof newKey> => (shared ??= newKey());

/** A certificate authority of its own. */
export class TestCa {
  readonly certificate: string;
  readonly #key: string;
  readonly #name: string;

  constructor(name = 'Causeway test CA', until = 3_650) {
    const { privateKey, publicKey } = newKey();
    this.#key = privateKey;
    this.#name = name;
    const certificate = blank(publicKey, { from: -1, until });
    certificate.setSubject([{ name: 'commonName', value: name }]);
    certificate.setExtensions([
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      { name: 'subjectKeyIdentifier' },
    ]);
    this.certificate = this.#sign(certificate);
  }

  /** `ownKey`: a key that no other certificate has. */
  issue(wish: Wish = {}, ownKey = false): Pair {
    const { names = ['localhost'], from = -1, until = 90, purpose } = wish;
    const { privateKey, publicKey } = ownKey ? newKey() : sharedKey();
    const certificate = blank(publicKey, { from, until });
    certificate.setSubject([{ name: 'commonName', value: wish.commonName ?? names[0] ?? 'nobody' }]);
    certificate.setExtensions([
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: purpose !== 'client', clientAuth: purpose !== 'server' },
      // 2 is a DNS name, 7 an address (RFC 5280 §4.2.1.6).
      {
        name: 'subjectAltName',
        altNames: [...names.map((value) => ({ type: 2, value })), { type: 7, ip: '127.0.0.1' }],
      },
    ]);
    return { certificate: this.#sign(certificate), key: privateKey };
  }

  #sign(certificate: forge.pki.Certificate): string {
    certificate.setIssuer([{ name: 'commonName', value: this.#name }]);
    certificate.sign(forge.pki.privateKeyFromPem(this.#key), forge.md.sha256.create());
    return forge.pki.certificateToPem(certificate);
  }
}

function blank(publicKey: string, { from, until }: { from: number; until: number }): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = new Date(Date.now() + from * DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + until * DAY_MS);
  return certificate;
}

/** A folder with certificate files, removed when the test ends. */
export class CertificateFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'causeway-tls-'));

  constructor() {
    onTestFinished(() => rmSync(this.path, { recursive: true, force: true }));
  }

  /** Absolute path of a file. */
  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.file(name), text, { mode: 0o600 });
    return this.file(name);
  }

  /** `NAME.pem` and `NAME-key.pem`. */
  put(name: string, { certificate, key }: Pair): { readonly certificateFile: string; readonly keyFile: string } {
    return { certificateFile: this.write(`${name}.pem`, certificate), keyFile: this.write(`${name}-key.pem`, key) };
  }
}
