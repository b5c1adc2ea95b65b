import { expect, test } from 'vitest';
import type { OutboundEntry } from '../../../src/destinations/destination.ts';
import { jsonLookUp } from '../../../src/destinations/look-up.ts';

const settings = { url: 'https://erp.example/d?ref={eventId}', waitMs: 1, notFound: 'read-body' } as const;
const headers = { accept: 'application/json' };
const lookUp = jsonLookUp(settings, headers);
const ID = 'a b/c';
const entry = { header: { eventId: ID }, body: Buffer.alloc(0) } as unknown as OutboundEntry;

test('a look-up names the event in its address', () => {
  expect(lookUp.request(entry)).toMatchObject({ method: 'GET', url: 'https://erp.example/d?ref=a%20b%2Fc' });
});

const response = (status: number, body: unknown, type = 'application/json') => ({
  status,
  headers: { 'content-type': type },
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  truncated: false,
});

test.each([
  [200, { reference: ID, number: 'D-1' }],
  [200, { results: [{ externalId: ID, id: 7 }] }],
  [200, [{ id: 'other' }, { event_id: ID }]],
  [200, { data: { eventId: ID, receipt: 'J-1' } }],
  [200, { d: { results: [{ ExternalReference: ID, DocumentNumber: '19' }] } }],
  [200, { found: true, eventId: ID }],
  [200, { eventId: ID, status: 'posted' }],
  [200, { number: 'D-1', reference: ID, items: [{ line: 1, status: 'open' }] }],
  // A state of its own beside its own number: the record is there.
  [200, { number: 'D-1', reference: ID, status: 'Freigegeben' }],
])('a look-up answered with %i %j has found it', (status, body) => {
  expect(lookUp.finding(response(status, body), entry)).toMatchObject({ outcome: 'posted' });
});

test.each([
  [204, ''],
  [200, []],
  [200, { value: [] }],
  [200, { eventId: ID, found: false }],
  [200, { exists: false }],
  [200, { eventId: ID, exists: 'false' }],
  [200, { status: 'not_found', eventId: ID }],
  [200, { count: 0, query: { eventId: ID } }],
  [200, { total: 0, filter: ID }],
  [200, { records: [], q: ID }],
  [200, { results: [], eventId: ID }],
  [404, { status: 'error', text: 'No event with this id was accepted.' }],
  [404, { error: { code: 'EVENT_NOT_FOUND' } }],
  [404, { exc_type: 'DoesNotExistError' }],
  [404, { title: 'Not Found', detail: `${ID} was not found` }],
  [404, { code: 'NOT_FOUND', eventId: ID }],
  [404, { message: 'Document not found' }],
])('a look-up answered with %i %j says that it is absent', (status, body) => {
  expect(lookUp.finding(response(status, body), entry)).toEqual({ outcome: 'absent' });
});

test.each([
  // An ERP that ignores the parameter lists all it has.
  [200, { results: [{ externalId: 'other' }] }],
  [200, { eventId: ID, results: [{ externalId: 'other' }] }],
  [200, { query: { eventId: ID }, results: [{ externalId: 'other', note: ID }] }],
  [200, { note: `about ${ID}` }],
  [200, { data: null, externalId: ID }],
  [200, { eventId: ID, posted: false }],
  [200, { eventId: ID, status: 'pending' }],
  [200, { eventId: ID, status: 'parked' }],
  [200, { found: false, results: [{ eventId: ID }] }],
  [200, { number: 'D-1', reference: ID, items: [{ line: 1, status: 'failed' }] }],
  [200, {}],
  [200, ''],
  [200, 'null'],
  [200, { status: 'error', reference: ID }],
  // Gateways and frameworks that know no such address.
  [404, { message: 'no Route matched with those values' }],
  [404, { status: 404, error: 'Not Found', path: `/documents/${ID}` }],
  [404, { message: `Cannot GET /documents?ref=${ID}` }],
  [404, {}],
  [404, ''],
  [401, {}],
  [422, {}],
  [500, {}],
  [302, {}],
])('a look-up answered with %i %j says nothing: it is asked again, and nothing goes again', (status, body) => {
  expect(lookUp.finding(response(status, body), entry)).toMatchObject({ outcome: 'refused', retry: 'transient' });
});

test('a 404 page of somebody else does not say that the event is absent', () => {
  const page = response(404, '<html>', 'text/html');
  expect(lookUp.finding(page, entry)).toMatchObject({ outcome: 'refused', retry: 'transient' });
  const told = jsonLookUp({ ...settings, notFound: 'absent' }, headers);
  expect(told.finding(page, entry)).toMatchObject({ outcome: 'refused', retry: 'transient' });
});

test('what a 404 says and where the id stands can be told', () => {
  const told = jsonLookUp({ ...settings, notFound: 'absent', idField: 'U_CAUSEWAY' }, headers);
  expect(told.finding(response(404, ''), entry)).toEqual({ outcome: 'absent' });
  expect(told.finding(response(200, [{ U_CAUSEWAY: ID, number: 7 }]), entry)).toMatchObject({ receipt: '7' });
  expect(lookUp.finding(response(200, [{ U_CAUSEWAY: ID }]), entry)).toMatchObject({ outcome: 'refused' });
});
