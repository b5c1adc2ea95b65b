import { expect, test } from 'vitest';
import { httpsJson } from '../../../src/destinations/https-json.ts';
import { httpsJsonSettings } from '../../../src/destinations/https-json-settings.ts';
import type { EntryHeader } from '../../../src/model/delivery.ts';

const settings = httpsJsonSettings.parse({ id: 'erp', kind: 'https-json', url: 'https://erp.example/events' });
const profile = httpsJson(settings);
const header = { eventId: 'e1' } as unknown as EntryHeader;

const one = [{ header, body: Buffer.from('{}') }];
const response = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? Buffer.from(body) : Buffer.from(JSON.stringify(body)),
  truncated: false,
});
const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  profile.verdict(response(status, body, headers), one);

test.each([
  [200, { status: 'ok' }],
  [201, { ok: true, receipt: 'J-1' }],
  [202, ''],
  [204, ''],
  [200, { errors: [], error: null }],
  [409, { error: 'duplicate' }],
])('%i with %j is posted', (status, body) => {
  expect(answer(status, body)).toMatchObject({ outcome: 'posted' });
});

test.each([
  ['a login page', answer(200, '<html>Sign in</html>', { 'content-type': 'text/html' })],
  ['HTML without saying so', answer(200, '<html>Sign in</html>')],
  ['half a JSON text', answer(200, '{"status":"o')],
  ['an error in a 200', answer(200, { status: 'error', code: 'PERIOD_CLOSED' })],
  ['ok: false', answer(200, { ok: false })],
  ['a list with an error', answer(200, [{ status: 'ok' }, { status: 'failed' }])],
  ['a refused part', answer(200, { results: [{ status: 201 }, { status: 422 }] })],
  ['a nested refusal', answer(200, { result: { success: false } })],
  ['status 207', answer(207, { results: [] })],
  ['status 207 without a body', answer(207, '')],
  ['what the tool calls err200', answer(200, { status: 'error', code: 'PERIOD_CLOSED', message: 'not posted' })],
  ['a mere text', answer(200, '"accepted"')],
  ['nothing in it', answer(200, 'null')],
  ['a number', answer(200, '0')],
  ['blanks', answer(200, '  ')],
  ['a 207 that says nothing of the event', answer(207, { results: [{ id: 'J-1' }] })],
  ['a fault object', answer(200, { Fault: { faultcode: 'x' } })],
])('a 2xx with %s is never taken for a success', (_what, verdict) => {
  expect(verdict).toMatchObject({ outcome: 'refused', retry: 'ambiguous', destinationWide: true });
});

test.each([
  ['a flag', { status: 'ok', duplicate: true }],
  ['a code', { error: { code: 'DUPLICATE_EVENT' } }],
  ['the class of ERPNext', { exc_type: 'DuplicateEntryError' }],
  ['a sentence', { message: 'A document with this external identifier already exists' }],
  ['details', { 'o:errorDetails': [{ 'o:errorCode': 'IDEMPOTENCY_ERROR' }] }],
])('409 with %s of a duplicate is posted', (_what, body) => {
  expect(answer(409, body)).toMatchObject({ outcome: 'posted' });
});

test.each([
  ['no body', ''],
  ['a closed period', { error: { code: 'PERIOD_CLOSED', message: 'The period is closed.' } }],
  ['HTML', '<html>already exists</html>'],
  ['an echo of the event', { error: 'conflict', request: { message: 'duplicate entry' } }],
  ['a refused line', { message: 'duplicate line numbers in the document' }],
])('409 with %s is no success: the charge is held, not taken for posted', (_what, body) => {
  expect(answer(409, body)).toMatchObject({ outcome: 'refused', retry: 'permanent', destinationWide: false });
});

test('409 while an earlier try is still in work is asked again later', () => {
  const verdict = answer(409, { code: 'REQUEST_IN_PROGRESS', message: 'A request with this key is in progress' });
  expect(verdict).toMatchObject({ outcome: 'refused', retry: 'ambiguous', destinationWide: false });
});

test.each([
  ['posted', 'request-key', 1, '', 'posted'],
  ['refused', 'request-key', 1, { duplicate: true }, 'refused'],
  ['read-body', 'request-key', 2, { duplicate: true }, 'posted'],
  // It may speak of one event of the batch, and have refused the others with it.
  ['read-body', 'event-id', 2, { duplicate: true }, 'refused'],
] as const)('conflict: %s at a destination that recognises by %s, %i events: %j is %s', (conflict, by, n, body, is) => {
  const other = httpsJson(httpsJsonSettings.parse({ ...settings, repetition: { by, conflict } }));
  const entries = Array.from({ length: n }, () => ({ header, body: Buffer.from('{}') }));
  expect(other.verdict(response(409, body), entries)).toMatchObject({ outcome: is });
});

test('a look-up goes to the host of the destination only: its credential goes with it', () => {
  const withLookUp = (url: string) =>
    httpsJsonSettings.safeParse({ ...settings, repetition: { by: 'none', lookUp: { url } } }).success;
  expect(withLookUp('https://erp.example/documents?reference={eventId}')).toBe(true);
  expect(withLookUp('https://other.example/documents/{eventId}')).toBe(false);
  expect(withLookUp('https://erp.example/documents')).toBe(false);
});

test.each([
  [400, 'permanent', 'validation', false],
  [422, 'permanent', 'validation', false],
  [410, 'permanent', 'gone', false],
  [401, 'transient', 'auth', true],
  [404, 'transient', 'not-an-erp-answer', true],
  [301, 'transient', 'not-an-erp-answer', true],
  [429, 'transient', 'throttled', true],
  [503, 'transient', 'transport', true],
  [500, 'ambiguous', 'server-error', true],
  [504, 'ambiguous', 'server-error', true],
] as const)('status %i is %s, class %s', (status, retry, refusal, destinationWide) => {
  expect(answer(status, {})).toMatchObject({ outcome: 'refused', retry, class: refusal, destinationWide });
});

test.each([
  [503, {}, 'ambiguous'],
  [503, { 'retry-after': '5' }, 'transient'],
  [303, {}, 'ambiguous'],
  [429, {}, 'transient'],
  [401, {}, 'transient'],
])('%i with %j at a destination that recognises no repetition is %s', (status, headers, retry) => {
  const other = httpsJson(httpsJsonSettings.parse({ ...settings, repetition: { by: 'none' } }));
  expect(other.verdict(response(status, '', headers), one)).toMatchObject({ outcome: 'refused', retry });
});

test('Retry-After is read in seconds and as a date', () => {
  expect(answer(429, {}, { 'retry-after': '7' })).toMatchObject({ retryAfterMs: 7_000 });
  const date = { date: 'Sun, 01 Mar 2026 09:00:00 GMT', 'retry-after': 'Sun, 01 Mar 2026 09:01:30 GMT' };
  expect(answer(503, {}, date)).toMatchObject({ retryAfterMs: 90_000 });
  expect(answer(503, {}, { 'retry-after': 'soon' })).toMatchObject({ retryAfterMs: null });
});

test('a reason never repeats what the ERP said: it may echo patient data', () => {
  expect(JSON.stringify(answer(422, { message: 'ZZCANARY' }))).not.toContain('ZZCANARY');
});

test('one event goes as a CloudEvent under its key', () => {
  const request = profile.request([{ header, body: Buffer.from('{"id":"e1"}') }], 'key-1');
  expect(request.headers).toMatchObject({
    'content-type': 'application/cloudevents+json',
    'Idempotency-Key': 'key-1',
  });
  expect(request.body.toString()).toBe('{"id":"e1"}');
});

test('several events go as a CloudEvents batch; the same entries give the same bytes', () => {
  const batching = httpsJson(httpsJsonSettings.parse({ ...settings, batch: { maxEvents: 10 } }));
  const entries = [1, 2, 3].map((id) => ({ header, body: Buffer.from(`{"id":"${id}"}`) }));
  const request = batching.request(entries, 'key-1');
  expect(request.headers['content-type']).toBe('application/cloudevents-batch+json');
  expect(JSON.parse(request.body.toString())).toEqual([{ id: '1' }, { id: '2' }, { id: '3' }]);
  expect(batching.request(entries, 'key-1').body.equals(request.body)).toBe(true);
});

test.each(['http://erp.example/events', 'http://127.0.0.1:1/events'])(
  'plain http to %s is refused unless it is loopback and said so',
  (url) => {
    expect(httpsJsonSettings.safeParse({ id: 'erp', kind: 'https-json', url }).success).toBe(false);
  },
);
