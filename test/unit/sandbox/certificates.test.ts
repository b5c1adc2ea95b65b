import { X509Certificate } from 'node:crypto';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureCertificates, RENEW_DAYS } from '../../../src/sandbox/certificates.ts';
import { temporaryFolder } from './sandbox-peer.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-03-01T12:00:00Z');

test('the server certificate is for this machine, signed by the CA, and no key can be read by others', async () => {
  const folder = temporaryFolder();
  const made = await ensureCertificates(folder, NOW);
  const ca = new X509Certificate(made.caPem);
  const server = new X509Certificate(made.certificatePem);
  expect(ca.ca).toBe(true);
  expect(server.ca).toBe(false);
  expect(server.verify(ca.publicKey)).toBe(true);
  expect(server.checkIssued(ca)).toBe(true);
  expect(server.checkHost('localhost')).toBe('localhost');
  expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(server.checkHost('example.org')).toBeUndefined();
  for (const file of ['ca-key.pem', 'server-key.pem']) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
});

test('the second start uses what the first has made, so a destination may keep its caFile', async () => {
  const folder = temporaryFolder();
  expect(await ensureCertificates(folder, NOW + DAY_MS)).toEqual(await ensureCertificates(folder, NOW));
});

test('a server certificate near its end is renewed under the same CA', async () => {
  const folder = temporaryFolder();
  const first = await ensureCertificates(folder, NOW);
  const endsAt = Date.parse(new X509Certificate(first.certificatePem).validTo);
  expect((await ensureCertificates(folder, endsAt - (RENEW_DAYS + 1) * DAY_MS)).certificatePem).toBe(
    first.certificatePem,
  );
  const renewed = await ensureCertificates(folder, endsAt - (RENEW_DAYS - 1) * DAY_MS);
  expect(renewed.caPem).toBe(first.caPem);
  expect(Date.parse(new X509Certificate(renewed.certificatePem).validTo)).toBeGreaterThan(endsAt);
});

test('a lost CA makes a new one and a server certificate that fits it', async () => {
  const folder = temporaryFolder();
  const first = await ensureCertificates(folder, NOW);
  rmSync(join(folder, 'ca.pem'));
  const second = await ensureCertificates(folder, NOW);
  expect(second.caPem).not.toBe(first.caPem);
  expect(new X509Certificate(second.certificatePem).verify(new X509Certificate(second.caPem).publicKey)).toBe(true);
});

test('half a file is made again', async () => {
  const folder = temporaryFolder();
  await ensureCertificates(folder, NOW);
  writeFileSync(join(folder, 'server.pem'), '-----BEGIN CERTIFICATE-----\nMIID');
  const again = await ensureCertificates(folder, NOW);
  expect(new X509Certificate(again.certificatePem).verify(new X509Certificate(again.caPem).publicKey)).toBe(true);
});
