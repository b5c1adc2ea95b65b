import { describe, expect, test } from 'vitest';
import { certificateUrgency } from '../../../src/model/certificate.ts';
import { certificateText } from '../../../src/status/certificate-wording.ts';
import type { CertificateStatus } from '../../../src/status/snapshot.ts';
import { verdictOf } from '../../../src/status/verdict.ts';
import { FAKE_NOW_MS, FAKE_PEERS, fakeChannel, fakeSnapshot } from '../../support/fake-operations.ts';

const DAY_MS = 86_400_000;

function certificate(daysLeft: number, changes: Partial<CertificateStatus> = {}): CertificateStatus {
  const dates = { notBeforeMs: FAKE_NOW_MS - DAY_MS, notAfterMs: FAKE_NOW_MS + daysLeft * DAY_MS };
  const facts = { role: 'own' as const, name: 'adt.example', ...dates };
  const owner = 'channel clinical';
  const urgency = certificateUrgency(dates, FAKE_NOW_MS);
  return { ...facts, id: `${owner} own`, owner, urgency, trouble: null, ...changes };
}

const verdict = (...certificates: readonly CertificateStatus[]) =>
  verdictOf({ ...fakeSnapshot({ certificates }), timezone: 'America/Chicago' });

describe('a certificate is spoken of in its last 30, 7 and 1 days', () => {
  test.each([
    [400, null],
    [30.1, null],
    [29.9, 30],
    [7.1, 30],
    [6.9, 7],
    [1.1, 7],
    [0.9, 1],
    [-0.1, 'ended'],
  ])('%d days before its end: %s', (daysLeft, urgency) => {
    const { notBeforeMs, notAfterMs } = certificate(daysLeft);
    expect(certificateUrgency({ notBeforeMs, notAfterMs }, FAKE_NOW_MS)).toBe(urgency);
  });

  test('one that is not valid yet is as useless as one that has ended', () => {
    const later = { notBeforeMs: FAKE_NOW_MS + DAY_MS, notAfterMs: FAKE_NOW_MS + 90 * DAY_MS };
    expect(certificateUrgency(later, FAKE_NOW_MS)).toBe('ended');
    expect(certificateText({ ...certificate(90), ...later }, FAKE_NOW_MS)).toContain('is not valid for another 24 h');
  });
});

describe('the verdict', () => {
  test('says nothing of certificates that are well', () => {
    expect(verdict(certificate(90)).text).toBe('Everything flows. Nothing waits.');
  });

  test('names the first to end and counts the others', () => {
    const ca = certificate(20, { id: 'b', role: 'authority', name: 'Hospital CA', owner: 'destination erp' });
    expect(verdict(certificate(6.5), ca)).toEqual({
      state: 'needs-attention',
      text:
        'The certificate adt.example of channel clinical ends in 6 days, and 1 more. ' +
        'Put a new one into its files; it is taken up by itself. Everything flows.',
    });
  });

  test('an ended one, and new files that cannot be used', () => {
    expect(verdict(certificate(-3)).text).toContain('ended 3 days ago');
    expect(verdict(certificate(90, { trouble: 'The private key is not the one.' })).text).toBe(
      'The new certificate files of channel clinical cannot be used: The private key is not the one. ' +
        'The ones before stay in use. Everything flows.',
    );
  });
});

describe('a channel says who was turned away', () => {
  const row = (peers: Partial<typeof FAKE_PEERS>): string => fakeChannel({ peers: { ...FAKE_PEERS, ...peers } }).text;

  test('the last refusal for a while, with its reason', () => {
    const lastRefusal = { reason: 'certificate-ended' as const, atMs: FAKE_NOW_MS - 60_000 };
    expect(row({ refused: 12, lastRefusal })).toBe(
      '2 senders connected. 12 connections refused since the start, the last at 09:13: ' +
        'its certificate, or one of its issuers, has ended.',
    );
    expect(row({ refused: 12, lastRefusal: { ...lastRefusal, atMs: FAKE_NOW_MS - 3_600_000 } })).toBe(
      '2 senders connected.',
    );
  });

  test('that it is not encrypted, and that senders wait for their limit', () => {
    expect(row({ isExposed: true, slowed: 1 })).toBe(
      '2 senders connected. 1 address read more slowly: above the limit. Not encrypted.',
    );
  });
});
