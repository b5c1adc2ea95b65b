/**
 * The sandbox ERP's own certificate authority and server certificate, made at first start. Sole importer of
 * `node-forge`, which only assembles and signs: the RSA keys come from `node:crypto`.
 *
 * The CA is for this machine's experiments. Its key never leaves the folder (mode 0600); nothing trusts it unless a
 * destination names `ca.pem` in `tls.caFile`.
 */
import { createPrivateKey, generateKeyPair, randomBytes, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import forge from 'node-forge';

const RSA_BITS = 2_048;
const DAY_MS = 86_400_000;
const CA_DAYS = 3_650;
/** Server certificates live at most this long, so that renewing them is an everyday event. */
const SERVER_DAYS = 397;
/** A certificate with fewer days left is made again at start. */
export const RENEW_DAYS = 30;

/** What the server needs, and what a destination must trust. */
export interface SandboxCertificates {
  /** For `tls.caFile` of a destination. */
  readonly caFile: string;
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

interface Pair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** Reads the certificates below `folder`, making those that are absent, do not fit together, or end within 30 days. */
export async function ensureCertificates(folder: string, nowMs: number): Promise<SandboxCertificates> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keptCa = await readPair(folder, 'ca', nowMs);
  const ca = keptCa ?? (await writePair(folder, 'ca', await makeAuthority(nowMs)));
  const keptServer = await readPair(folder, 'server', nowMs);
  const fits = keptServer !== null && isSignedBy(keptServer.certificatePem, ca.certificatePem);
  const server = fits ? keptServer : await writePair(folder, 'server', await makeServer(ca, nowMs));
  return { caFile: join(folder, 'ca.pem'), caPem: ca.certificatePem, ...server };
}

async function readPair(folder: string, name: string, nowMs: number): Promise<Pair | null> {
  try {
    const certificatePem = await readFile(join(folder, `${name}.pem`), 'utf8');
    const keyPem = await readFile(join(folder, `${name}-key.pem`), 'utf8');
    const certificate = new X509Certificate(certificatePem);
    const isFresh = Date.parse(certificate.validTo) - nowMs >= RENEW_DAYS * DAY_MS;
    return isFresh && certificate.checkPrivateKey(createPrivateKey(keyPem)) ? { certificatePem, keyPem } : null;
  } catch {
    // Absent or unreadable: it is made again.
    return null;
  }
}

async function writePair(folder: string, name: string, pair: Pair): Promise<Pair> {
  await writeWhole(join(folder, `${name}-key.pem`), pair.keyPem, 0o600);
  await writeWhole(join(folder, `${name}.pem`), pair.certificatePem, 0o644);
  return pair;
}

/** Never half a file: written beside and moved into place. */
async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, text, { mode });
  await chmod(`${path}.new`, mode);
  await rename(`${path}.new`, path);
}

function isSignedBy(certificatePem: string, caPem: string): boolean {
  return new X509Certificate(certificatePem).verify(new X509Certificate(caPem).publicKey);
}

const CA_NAME = [
  { name: 'organizationName', value: 'Causeway sandbox' },
  { name: 'commonName', value: 'Causeway sandbox CA' },
];

async function makeAuthority(nowMs: number): Promise<Pair> {
  const { keyPem, publicPem } = await newKeys();
  const certificate = blank(publicPem, nowMs, CA_DAYS);
  certificate.setSubject(CA_NAME);
  certificate.setIssuer(CA_NAME);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(keyPem), forge.md.sha256.create());
  return { certificatePem: forge.pki.certificateToPem(certificate), keyPem };
}

async function makeServer(ca: Pair, nowMs: number): Promise<Pair> {
  const { keyPem, publicPem } = await newKeys();
  const certificate = blank(publicPem, nowMs, SERVER_DAYS);
  const issuer = forge.pki.certificateFromPem(ca.certificatePem);
  certificate.setSubject([{ name: 'commonName', value: 'localhost' }]);
  certificate.setIssuer(issuer.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    // Subject alternative names (RFC 5280 §4.2.1.6): 2 is a DNS name, 7 an address.
    {
      name: 'subjectAltName',
      altNames: [
        { type: 2, value: 'localhost' },
        { type: 7, ip: '127.0.0.1' },
      ],
    },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(ca.keyPem), forge.md.sha256.create());
  return { certificatePem: forge.pki.certificateToPem(certificate), keyPem };
}

/** A certificate with key, number and dates; valid from yesterday, so that a slow clock does not refuse it. */
function blank(publicPem: string, nowMs: number, days: number): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicPem);
  // The first byte keeps the number positive (RFC 5280 §4.1.2.2).
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = new Date(nowMs - DAY_MS);
  certificate.validity.notAfter = new Date(nowMs + days * DAY_MS);
  return certificate;
}

async function newKeys(): Promise<{ readonly keyPem: string; readonly publicPem: string }> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: RSA_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { keyPem: privateKey, publicPem: publicKey };
}
