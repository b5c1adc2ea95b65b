/**
 * The envelope that leaves the facility: CloudEvents 1.0 in structured JSON. Extension names are lower-case letters
 * and digits, as CloudEvents demands. The same event and envelope give the same bytes, so a retry repeats the
 * request.
 */
import { CONTRACT_VERSION, contractUrn } from './contracts.ts';
import type { Lane } from './delivery.ts';
import type { CanonicalEvent } from './event.ts';
import type { ChannelId, FacilityId } from './ids.ts';

/** What the envelope says beside the event itself. */
export interface EventEnvelope {
  readonly facilityId: FacilityId;
  readonly channelId: ChannelId;
  /** MSH-10 of the source message; becomes `correlationid`. */
  readonly controlId: string;
  /** Position in the lane of its destination, decimal text: rises with every event of one ordering key. */
  readonly sequence: string;
  /** Becomes `time` when the message has no usable time of its own. */
  readonly receivedAtMs: number;
  readonly lane: Lane;
  /** W3C trace context of the message. */
  readonly traceparent?: string | undefined;
}

/**
 * UTF-8 JSON of one event, members always in the same order; absent attributes are omitted, never null. Written by
 * hand up to `data`, because every event passes here: what cannot hold a character that JSON escapes is not looked at.
 */
export function toCloudEvent(event: CanonicalEvent, envelope: EventEnvelope): Buffer {
  const { facilityId, channelId, lane } = envelope;
  const time = event.occurredAt ?? new Date(envelope.receivedAtMs).toISOString();
  const text =
    `{"specversion":"1.0","id":"${event.eventId}","type":"org.causeway.${event.kind}.v${CONTRACT_VERSION}"` +
    `,"source":"/facility/${facilityId}/${channelId}","subject":${JSON.stringify(event.orderingKey)}` +
    `,"time":${JSON.stringify(time)},"datacontenttype":"application/json","dataschema":"${contractUrn(event.kind)}"` +
    `,"facility":"${facilityId}","sequence":"${envelope.sequence}"` +
    attribute('correlationid', envelope.controlId === '' ? undefined : envelope.controlId) +
    attribute('effectivetime', event.effectiveTime ?? undefined) +
    `,"lane":"${lane}"` +
    attribute('traceparent', envelope.traceparent) +
    `,"data":${JSON.stringify(event.data)}}`;
  return Buffer.from(text, 'utf8');
}

const attribute = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`;
