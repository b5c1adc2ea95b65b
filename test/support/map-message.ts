/** Reads and maps messages as intake would, with a facility and profile of the tests. */
import { parseMessage } from '../../src/hl7/parse.ts';
import { hl7v2Settings } from '../../src/formats/hl7v2-settings.ts';
import type { Hl7Message } from '../../src/hl7/message.ts';
import { mappingFor } from '../../src/mappings/index.ts';
import type { LineOutcome, MappingContext } from '../../src/mappings/mapping.ts';
import { profileSettings } from '../../src/mappings/profile.ts';
import type { CanonicalEvent } from '../../src/model/event.ts';
import { type FacilityId, payloadHashOf } from '../../src/model/ids.ts';

const FORMAT = hl7v2Settings.parse({ kind: 'hl7v2' });

/** 2026-03-02T20:30:05Z. */
export const RECEIVED_AT_MS = Date.UTC(2026, 2, 2, 20, 30, 5);

/** A facility in Chicago with US dollars. */
export const contextFor = (bytes: Buffer, profile: object = {}): MappingContext => ({
  facility: { id: 'north' as FacilityId, timezone: 'America/Chicago', currency: 'USD' },
  profile: profileSettings.parse(profile),
  payloadHash: payloadHashOf(bytes),
  receivedAtMs: RECEIVED_AT_MS,
});

/** The message; a text that cannot be read fails the test. */
export function readMessage(bytes: Buffer): Hl7Message {
  const parsed = parseMessage(bytes, FORMAT);
  if (!parsed.ok) throw new Error(`unreadable: ${parsed.problem.text}`);
  return parsed.message;
}

/** What the mapping of its type makes of a message; a type without mapping fails the test. */
export function mapBytes(bytes: Buffer, profile: object = {}): readonly LineOutcome[] {
  const message = readMessage(bytes);
  const mapping = mappingFor(message.messageType);
  if (mapping === undefined) throw new Error(`no mapping for ${message.messageType}`);
  return mapping.map(message, contextFor(bytes, profile));
}

/** `mapBytes` of segments given as lines. */
export const mapLines = (lines: readonly string[], profile: object = {}): readonly LineOutcome[] =>
  mapBytes(Buffer.from(`${lines.join('\r')}\r`), profile);

/** The events of outcomes that are ok. */
export const eventsOf = (outcomes: readonly LineOutcome[]): readonly CanonicalEvent[] =>
  outcomes.flatMap((outcome) => (outcome.ok ? [outcome.event] : []));
