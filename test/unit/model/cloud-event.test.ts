/** The envelope: CloudEvents 1.0 structured JSON that an ERP can file, order and deduplicate by. */
import { expect, test } from 'vitest';
import { type EventEnvelope, toCloudEvent } from '../../../src/model/cloud-event.ts';
import type { CanonicalEvent } from '../../../src/model/event.ts';
import type { ChannelId, EventId, FacilityId, OrderingKey } from '../../../src/model/ids.ts';

const event: CanonicalEvent = {
  kind: 'patient.updated',
  contractVersion: 1,
  eventId: '00000000-0000-5000-8000-000000000001' as EventId,
  orderingKey: 'patient:MRN1' as OrderingKey,
  fenceKeys: [],
  line: 'message',
  occurredAt: '2026-03-02T20:05:00Z',
  effectiveTime: '2026-03-02',
  money: null,
  data: { patientId: { value: 'MRN1' }, class: null, financialClass: undefined, trigger: 'A08' },
};

const envelope: EventEnvelope = {
  facilityId: 'north' as FacilityId,
  channelId: 'adt' as ChannelId,
  controlId: 'C-1',
  sequence: '0000000000000042',
  receivedAtMs: Date.UTC(2026, 2, 2, 20, 30),
  lane: 'normal',
};

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const sent = (from: CanonicalEvent = event, by: EventEnvelope = envelope): Record<string, unknown> =>
  JSON.parse(toCloudEvent(from, by).toString('utf8')) as Record<string, unknown>;

test('the whole envelope, in a fixed order of members', () => {
  expect(
    toCloudEvent(event, {
      ...envelope,
      traceparent: TRACE,
    }).toString(),
  ).toBe(
    '{"specversion":"1.0","id":"00000000-0000-5000-8000-000000000001","type":"org.causeway.patient.updated.v1",' +
      '"source":"/facility/north/adt","subject":"patient:MRN1","time":"2026-03-02T20:05:00Z",' +
      '"datacontenttype":"application/json","dataschema":"urn:causeway:contract:patient.updated:v1",' +
      '"facility":"north","sequence":"0000000000000042","correlationid":"C-1",' +
      '"effectivetime":"2026-03-02","lane":"normal",' +
      '"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",' +
      '"data":{"patientId":{"value":"MRN1"},"class":null,"trigger":"A08"}}',
  );
});

test('an attribute that is not known is absent, never null', () => {
  const attributes = sent({ ...event, effectiveTime: null }, { ...envelope, controlId: '' });
  expect(attributes).not.toHaveProperty('effectivetime');
  expect(attributes).not.toHaveProperty('traceparent');
  expect(attributes).not.toHaveProperty('correlationid');
});

test('without a time of its own the event carries the time it was received', () => {
  expect(sent({ ...event, occurredAt: null }).time).toBe('2026-03-02T20:30:00.000Z');
});

test('attribute names are lower-case letters and digits, values are strings', () => {
  const { data, ...attributes } = sent();
  expect(data).toBeDefined();
  for (const [name, value] of Object.entries(attributes)) {
    expect(name).toMatch(/^[a-z0-9]{1,20}$/);
    expect(typeof value).toBe('string');
  }
});

test('text outside of ASCII is UTF-8', () => {
  const bytes = toCloudEvent({ ...event, orderingKey: 'patient:Å1' as OrderingKey }, envelope);
  expect(bytes.includes(Buffer.from('patient:Å1', 'utf8'))).toBe(true);
});
