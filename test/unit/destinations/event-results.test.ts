import { expect, test } from 'vitest';
import { eventResults } from '../../../src/destinations/event-results.ts';
import { jsonLookUp } from '../../../src/destinations/look-up.ts';
import type { OutboundEntry } from '../../../src/destinations/destination.ts';

const ids = ['e1', 'e2', 'e3'];
const failures = (answer: unknown) => {
  const results = eventResults(answer, ids);
  return typeof results === 'string' ? results : results.map(({ failed }) => failed);
};

test.each([
  ['by position', { results: [{ status: 201 }, { status: 422 }, { status: 201 }] }, [false, true, false]],
  ['as the body', [{ ok: true }, { ok: false }, { ok: true }], [false, true, false]],
  ['inside a container', { data: { items: [{}, { error: 'x' }, {}] } }, [false, true, false]],
  [
    'by event id, in any order',
    {
      results: [
        { eventId: 'e3', status: 'error' },
        { eventId: 'e1', status: 'ok' },
        { eventId: 'e2', status: 'ok' },
      ],
    },
    [false, false, true],
  ],
  [
    'by id where the ids are those of the events',
    { results: [{ id: 'e2', status: 500 }, { id: 'e1' }, { id: 'e3' }] },
    [false, true, false],
  ],
  [
    'by position where the ids are its own',
    { results: [{ id: 'J1' }, { id: 'J2', error: 'x' }, { id: 'J3' }] },
    [false, true, false],
  ],
  ['whatever the whole says beside them', { errors: true, items: [{}, { status: 400 }, {}] }, [false, true, false]],
])('results are read %s', (_how, answer, expected) => {
  expect(failures(answer)).toEqual(expected);
});

test.each([
  ['fewer', { results: [{ status: 201 }, { status: 201 }] }],
  ['more', { results: ids.concat('e4').map((eventId) => ({ eventId })) }],
  ['an unknown event', { results: [{ eventId: 'e1' }, { eventId: 'e2' }, { eventId: 'e9' }] }],
  ['one event twice', { results: [{ eventId: 'e1' }, { eventId: 'e1' }, { eventId: 'e3' }] }],
  ['a nameless one among named ones', { results: [{ eventId: 'e1' }, { eventId: 'e2' }, { status: 201 }] }],
  ['success each, but failure of the whole', { status: 'error', results: [{ ok: true }, { ok: true }, { ok: true }] }],
])('results that do not fit the events (%s) say nothing', (_how, answer) => {
  expect(failures(answer)).toBe('unclear');
});

test('an answer to one event may list the lines of the document that it made', () => {
  expect(eventResults({ number: 'J-1', items: [{ line: 1 }, { line: 2 }] }, ['e1'])).toBe('none');
});

const lookUp = jsonLookUp({ url: 'https://erp.example/d?ref={eventId}', waitMs: 1 }, { accept: 'application/json' });
const entry = { header: { eventId: 'a b/c' }, body: Buffer.alloc(0) } as unknown as OutboundEntry;

test('a look-up names the event in its address', () => {
  expect(lookUp.request(entry)).toMatchObject({ method: 'GET', url: 'https://erp.example/d?ref=a%20b%2Fc' });
});

test.each([
  [200, { reference: 'a b/c', number: 'D-1' }, 'posted'],
  [200, { results: [{ externalId: 'a b/c', id: 7 }] }, 'posted'],
  [404, {}, 'absent'],
  [404, '', 'absent'],
  [204, '', 'absent'],
  [200, [], 'absent'],
  [200, { value: [] }, 'absent'],
  // An ERP that ignores the parameter lists all it has.
  [200, { results: [{ externalId: 'other' }] }, 'refused'],
  [200, {}, 'refused'],
  [200, '', 'refused'],
  [200, { status: 'error', reference: 'a b/c' }, 'refused'],
  [401, {}, 'refused'],
  [422, {}, 'refused'],
  [500, {}, 'refused'],
  [302, {}, 'refused'],
] as const)('a look-up answered with %i %j is %s', (status, body, outcome) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(text),
    truncated: false,
  };
  expect(lookUp.finding(response, entry)).toMatchObject({ outcome });
});

test('a 404 page of somebody else does not say that the event is absent', () => {
  const headers = { 'content-type': 'text/html' };
  const response = { status: 404, headers, body: Buffer.from('<html>'), truncated: false };
  expect(lookUp.finding(response, entry)).toMatchObject({ outcome: 'refused', retry: 'transient' });
});
