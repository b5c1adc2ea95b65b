/**
 * Generic JSON destination: CloudEvents 1.0 by POST, structured mode; several events as a CloudEvents JSON batch
 * (CloudEvents HTTP binding §3.2, §3.3). The idempotency key goes into the configured header. `answer.ts` reads what
 * comes back.
 */
import { readAnswer } from './answer.ts';
import { jsonLookUp } from './look-up.ts';
import type { DestinationProfile, OutboundEntry, OutboundRequest } from './destination.ts';
import type { HttpsJsonSettings } from './https-json-settings.ts';

/** The credential is no part of a request here: the sender adds it. */
export function httpsJson(settings: HttpsJsonSettings): DestinationProfile {
  const fixed: Record<string, string> = { accept: 'application/json', ...settings.headers };
  const batched = settings.batch.maxEvents > 1;
  const formOfOne = batched ? 'batch' : 'event';
  const { repetition } = settings;
  return {
    eventsMax: settings.batch.maxEvents,
    requestBytesMax: settings.batch.maxBytes,
    eventsWaitMs: batched ? settings.batch.maxWaitMs : 0,
    // Where an entry must be asked for before it goes again, no other of its key may have gone with it.
    keysApart: settings.batch.sameKey === 'apart' || repetition.by === 'none',
    repetition: repetition.by,
    lookUp: repetition.lookUp === undefined ? null : jsonLookUp(repetition.lookUp, fixed),
    formOfOne,
    request: (entries, idempotencyKey, form = entries.length > 1 ? 'batch' : formOfOne): OutboundRequest => ({
      url: settings.url,
      headers: {
        ...fixed,
        'content-type': form === 'batch' ? 'application/cloudevents-batch+json' : 'application/cloudevents+json',
        [settings.idempotencyHeader]: idempotencyKey,
        ...traceOf(entries),
      },
      body: form === 'batch' ? joinBatch(entries) : (entries[0]?.body ?? Buffer.alloc(0)),
    }),
    verdict: (response, entries) =>
      readAnswer(response, { repetition, eventIds: entries.map(({ header }) => header.eventId) }),
  };
}

function traceOf(entries: readonly OutboundEntry[]): Record<string, string> {
  const traceparent = entries.length === 1 ? entries[0]?.header.traceparent : undefined;
  return traceparent === undefined ? {} : { traceparent };
}

function joinBatch(entries: readonly OutboundEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const { body } of entries) parts.push(Buffer.from(parts.length === 0 ? '[' : ','), body);
  parts.push(Buffer.from(']'));
  return Buffer.concat(parts);
}
