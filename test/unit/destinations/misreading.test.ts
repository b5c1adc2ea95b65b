/** Answers that look like a success and are none, or the other way round: each loses a charge or posts it twice. */
import { expect, test } from 'vitest';
import { type AnswerContext, readAnswer } from '../../../src/destinations/answer.ts';

const [A, B] = ['810b39a8-a0e6-5521-aa58-cf0e8408ba31', '910b39a8-a0e6-5521-aa58-cf0e8408ba31'];
const both: AnswerContext = { repetition: { by: 'event-id', conflict: 'read-body' }, eventIds: [A, B] };
const one: AnswerContext = { ...both, eventIds: [A] };

const response = (status: number, body: unknown) => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(body === '' ? '' : JSON.stringify(body)),
  truncated: false,
});
/** One word per event: posted, held, again; or one for the whole. */
const read = (status: number, body: unknown, context: AnswerContext): string | readonly string[] => {
  const verdict = readAnswer(response(status, body), context);
  const word = (end: { outcome: string; retry?: string }): string =>
    end.outcome === 'posted'
      ? 'posted'
      : end.retry === 'permanent'
        ? 'held'
        : end.retry === 'ambiguous'
          ? 'unclear'
          : 'again';
  return verdict.outcome === 'apart' ? verdict.events.map(word) : word(verdict);
};

test.each([
  ['', 'posted'],
  [{}, 'posted'],
  [{ status: 'ok' }, 'posted'],
  [{ ok: true }, 'posted'],
  [{ status: 'OK', message: 'no errors' }, 'posted'],
  [{ id: 'D-1', code: 'JE-1001', description: 'charge denied by payer' }, 'posted'],
  [{ errorCode: 0, errorMessage: '', errors: [] }, 'posted'],
  [{ errorCode: '0', error: { code: 0, message: 'OK' } }, 'posted'],
  [{ status: 'ok', duplicate: true, receipts: ['J-1'] }, 'posted'],
  [{ accepted: false, duplicate: true }, 'posted'],
  [{ number: 'D-1', items: [{ line: 1 }] }, 'posted'],
  // An echo of the event: its states are not those of the answer.
  [{ id: A, data: { status: 'cancelled' } }, 'posted'],
  [{ status: '422' }, 'unclear'],
  [{ status: '422 Unprocessable Entity' }, 'unclear'],
  [{ statusCode: 500 }, 'unclear'],
  [{ httpStatus: '503' }, 'unclear'],
  [{ code: 422 }, 'unclear'],
  [{ status: 'denied' }, 'unclear'],
  [{ status: 'parked' }, 'unclear'],
  [{ status: 'pending' }, 'unclear'],
  [{ code: 'E_PERIOD_CLOSED', message: 'not posted' }, 'unclear'],
  [{ message: 'Document was not posted' }, 'unclear'],
  [{ accepted: false }, 'unclear'],
  [{ posted: 'false' }, 'unclear'],
  [{ errorMessage: 'x' }, 'unclear'],
  [{ error_code: 'E1' }, 'unclear'],
  [{ hasErrors: true }, 'unclear'],
  [{ Success: false }, 'unclear'],
  [{ result: { status: 'denied' } }, 'unclear'],
  [{ status: { code: 422 } }, 'unclear'],
  [{ data: { errorMessage: 'x' } }, 'unclear'],
  [[], 'unclear'],
  [[null], 'unclear'],
  [['x'], 'unclear'],
])('200 %j to one event is %s', (body, expected) => {
  expect(read(200, body, one)).toBe(expected);
});

test.each([201, 202])('%i says that it was taken, whatever is still done with it; a refusal stays one', (status) => {
  expect(read(status, { status: 'pending' }, one)).toBe('posted');
  expect(read(status, { status: 'denied' }, one)).toBe('unclear');
});

test.each([
  [
    [
      { eventId: A, statusCode: 422 },
      { eventId: B, statusCode: 201 },
    ],
    ['held', 'posted'],
  ],
  [
    [
      { eventId: A, status: 'denied' },
      { eventId: B, status: 'ok' },
    ],
    ['held', 'posted'],
  ],
  [
    [
      { eventId: A, status: 'skipped' },
      { eventId: B, status: 'ok' },
    ],
    ['held', 'posted'],
  ],
  [
    [
      { eventId: A, status: '422' },
      { eventId: B, status: '200' },
    ],
    ['held', 'posted'],
  ],
  [
    [
      { eventId: A, status: '503' },
      { eventId: B, status: '200' },
    ],
    ['again', 'posted'],
  ],
  [
    [
      { eventId: A, success: 'false' },
      { eventId: B, success: 'true' },
    ],
    ['held', 'posted'],
  ],
  [
    [
      { eventId: A, posted: false },
      { eventId: B, posted: true },
    ],
    ['held', 'posted'],
  ],
  [
    [
      { eventId: A, errorCode: 'E1', errorMessage: 'period closed' },
      { eventId: B, ok: true },
    ],
    ['held', 'posted'],
  ],
  [[{ eventId: A, errorCode: 'E1', errorMessage: 'period closed' }, { eventId: B }], 'unclear'],
  [
    [
      { eventId: A, status: 'parked' },
      { eventId: B, status: 'ok' },
    ],
    'unclear',
  ],
  [
    [
      { eventId: A, status: 'pending' },
      { eventId: B, status: 'ok' },
    ],
    'unclear',
  ],
  [[{ eventId: A }, { eventId: B }], 'unclear'],
  [[{ id: 'D-1' }, { id: 'D-2' }], 'unclear'],
  [[null, 'x'], 'unclear'],
  [[{ status: 201 }, null], 'unclear'],
  // The ERP's own numbers name no event: then the order counts, where each says how it ended.
  [
    [
      { reference: 'JE-1', status: 201 },
      { reference: 'JE-2', status: 422 },
    ],
    ['posted', 'held'],
  ],
  [
    [
      { reference: 'JE-1', status: 201 },
      { reference: 'JE-2', status: 201 },
    ],
    'posted',
  ],
  [
    [
      { reference: B, status: 201 },
      { reference: A, status: 422 },
    ],
    ['held', 'posted'],
  ],
  [
    [
      { reference: A, status: 201 },
      { reference: 'JE-2', status: 422 },
    ],
    'unclear',
  ],
  [
    [
      { eventId: 'other', status: 201 },
      { eventId: 'another', status: 201 },
    ],
    'unclear',
  ],
  [
    [
      { eventId: A, receipt: 'J-1' },
      { eventId: B, receipt: 'J-2' },
    ],
    'posted',
  ],
])('results %j end as %j', (results, expected) => {
  expect(read(200, { results }, both)).toEqual(expected);
  expect(read(200, results, both)).toEqual(expected);
});

test('a list that says nothing is covered by a whole that says success, not by silence', () => {
  expect(read(200, { status: 'ok', results: [{ eventId: A }, { eventId: B }] }, both)).toBe('posted');
  expect(read(200, { results: [{ eventId: A }, { eventId: B }] }, both)).toBe('unclear');
  expect(read(207, { status: 'ok', results: [{ eventId: A }, { eventId: B }] }, both)).toBe('unclear');
  expect(read(200, { status: 'error', results: [{ eventId: A }, { eventId: B }] }, both)).toBe('unclear');
});

test.each([
  [{ detail: 'period already posted, entry refused', status: 409, title: 'Conflict' }, 'held', 'held'],
  [{ message: 'Account already exists in another company; document refused' }, 'held', 'held'],
  [{ message: 'Account already exists' }, 'held', 'held'],
  [{ code: 'ACCOUNT_ALREADY_EXISTS' }, 'held', 'held'],
  [{ code: 'ALREADY_EXISTS', message: 'Customer already exists' }, 'held', 'held'],
  [{ message: 'Idempotency key already used with a different body' }, 'held', 'held'],
  [{ message: 'duplicate key value violates unique constraint' }, 'held', 'held'],
  [{ message: 'document JE-2 already exists' }, 'held', 'held'],
  [{ error: { code: 'DUPLICATE_DOCUMENT', message: 'document JE-2 already exists' } }, 'posted', 'held'],
  [{ code: 'DUPLICATE_EVENT' }, 'posted', 'held'],
  [{ code: 'ALREADY_EXISTS' }, 'posted', 'held'],
  [{ message: 'A document with this external identifier already exists' }, 'posted', 'held'],
  [{ message: `Event ${A} was already posted` }, 'posted', 'held'],
  [{ errors: [{ duplicate: true, message: 'JE-2' }] }, 'posted', 'held'],
  [{ errors: [{ code: 'duplicate' }] }, 'posted', 'held'],
  [{ error: 'duplicate', message: 'Account already exists' }, 'held', 'held'],
  [{ error: 'duplicate' }, 'posted', 'posted'],
  [{ duplicate: true }, 'posted', 'posted'],
  [{ code: 'DUPLICATE_REQUEST' }, 'posted', 'posted'],
  [{ type: 'https://erp.example/errors/duplicate-request' }, 'posted', 'posted'],
  [{ message: 'This request was already processed' }, 'posted', 'posted'],
  [{ message: 'The idempotency key has already been used' }, 'posted', 'posted'],
  [{ code: 'REQUEST_IN_PROGRESS' }, 'unclear', 'unclear'],
])('409 %j: one event is %s, several are %s', (body, ofOne, ofSeveral) => {
  const repetition = { by: 'request-key', conflict: 'read-body' } as const;
  expect(read(409, body, { repetition, eventIds: [A] })).toBe(ofOne);
  expect([read(409, body, { repetition, eventIds: [A, B] })].flat()).toContain(ofSeveral);
});

test('a duplicate of one event ends no batch: halves only where they are recognised, else all is held', () => {
  const body = { error: { code: 'DUPLICATE_DOCUMENT', message: 'document JE-2 already exists' } };
  const by = (by: 'event-id' | 'request-key' | 'none') => ({
    ...both,
    repetition: { by, conflict: 'read-body' } as const,
  });
  expect(readAnswer(response(409, body), by('event-id'))).toMatchObject({ outcome: 'refused', retry: 'permanent' });
  expect(read(409, body, by('request-key'))).toEqual(['held', 'held']);
  expect(read(409, body, by('none'))).toEqual(['held', 'held']);
});
