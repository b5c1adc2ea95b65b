/** Reads the events of one request: CloudEvents 1.0 over HTTP in structured or batched mode. */
import { z } from 'zod';

/** Events taken in one request. */
const EVENTS_MAX = 1_000;

const text = z.string().min(1).max(4_096);

/** What CloudEvents 1.0 requires, and what the sandbox looks at; everything else is kept as it is. */
const eventShape = z.looseObject({
  specversion: z.literal('1.0'),
  id: text,
  source: text,
  type: text,
  subject: text.optional(),
  sequence: z.string().optional(),
  data: z.unknown(),
});

export type ReceivedEvent = z.infer<typeof eventShape>;

/** The events of a body, or the refusal of all of it. */
export type ReadEvents =
  | { readonly ok: true; readonly events: readonly ReceivedEvent[] }
  | { readonly ok: false; readonly status: 400 | 415; readonly reason: string };

const SINGLE = new Set(['application/cloudevents+json', 'application/json']);
const BATCH = 'application/cloudevents-batch+json';

/** The events in a body, or why it is refused; the reason names attributes and never quotes the body. */
export function readEvents(contentType: string, body: Buffer): ReadEvents {
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!SINGLE.has(mediaType) && mediaType !== BATCH) {
    return { ok: false, status: 415, reason: `expected application/cloudevents+json or ${BATCH}` };
  }
  const value = parseJson(body);
  if (value === undefined) return refusal('the body is not JSON');
  if (Array.isArray(value) !== (mediaType === BATCH))
    return refusal('a list needs the batch content type, and the other way round');
  const shape = z.array(eventShape).min(1).max(EVENTS_MAX);
  const parsed = shape.safeParse(Array.isArray(value) ? value : [value]);
  if (parsed.success) return { ok: true, events: parsed.data };
  const issue = parsed.error.issues[0];
  return refusal(`event ${issue?.path.join('.') ?? ''}: ${issue?.code ?? 'invalid'}`);
}

const refusal = (reason: string): ReadEvents => ({ ok: false, status: 400, reason });

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
