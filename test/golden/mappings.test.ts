/** Every message of this folder maps to exactly the outcomes beside it. Patients, plans and providers are invented. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mappings } from '../../src/mappings/index.ts';
import { toCloudEvent } from '../../src/model/cloud-event.ts';
import { contractFor } from '../../src/model/contracts.ts';
import type { ChannelId, FacilityId } from '../../src/model/ids.ts';
import { eventsOf, mapBytes, RECEIVED_AT_MS } from '../support/map-message.ts';

const folder = import.meta.dirname;
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.hl7'))
  .map((file) => file.slice(0, -4))
  .sort();

test.each(names)('%s maps to the outcomes that were agreed', async (name) => {
  const outcomes = mapBytes(readFileSync(join(folder, `${name}.hl7`)));
  await expect(`${JSON.stringify(outcomes, null, 2)}\n`).toMatchFileSnapshot(join(folder, `${name}.json`));
});

test.each(names)('%s gives events that fit their contracts, in an envelope that parses', (name) => {
  const envelope = {
    facilityId: 'north' as FacilityId,
    channelId: 'adt' as ChannelId,
    controlId: 'C1',
    sequence: '7',
    receivedAtMs: RECEIVED_AT_MS,
    lane: 'normal',
  } as const;
  for (const event of eventsOf(mapBytes(readFileSync(join(folder, `${name}.hl7`))))) {
    const sent: unknown = JSON.parse(toCloudEvent(event, envelope).toString('utf8'));
    expect(sent).toMatchObject({ id: event.eventId, subject: event.orderingKey, specversion: '1.0' });
    expect(contractFor(event.kind).safeParse((sent as { data: unknown }).data)).toMatchObject({ success: true });
  }
});

describe('every mapping has a golden message', () => {
  test.each(mappings.flatMap(({ messageTypes }) => messageTypes))('%s', (messageType) => {
    expect(names).toContain(messageType.toLowerCase().replace('^', '-'));
  });
});

test('a mapping emits no kind that it does not declare', () => {
  for (const name of names) {
    const type = name.slice(0, 7).toUpperCase().replace('-', '^');
    const declared = mappings.find(({ messageTypes }) => messageTypes.includes(type))?.emits ?? [];
    for (const { kind } of eventsOf(mapBytes(readFileSync(join(folder, `${name}.hl7`)))))
      expect(declared).toContain(kind);
  }
});
