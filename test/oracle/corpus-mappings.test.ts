/**
 * Every message of the shared corpus whose type has a mapping: nothing throws, every event fits its contract, and
 * the same message gives the same outcomes again. The corpus is read in place; without it the tests are skipped.
 */
import { describe, expect, test } from 'vitest';
import { hl7v2Settings } from '../../src/formats/hl7v2-settings.ts';
import { parseMessage } from '../../src/hl7/parse.ts';
import { mappingFor } from '../../src/mappings/index.ts';
import { contractFor } from '../../src/model/contracts.ts';
import { corpusMessages, hasCorpus } from '../support/corpus.ts';
import { contextFor, eventsOf } from '../support/map-message.ts';

const FORMAT = hl7v2Settings.parse({ kind: 'hl7v2' });

interface Count {
  messages: number;
  events: number;
  failed: number;
  readonly causes: Map<string, number>;
}

describe.skipIf(!hasCorpus)('messages of the shared corpus', () => {
  test('map without throwing, to events that fit their contracts, the same every time', () => {
    const counts = new Map<string, Count>();
    for (const { file, bytes } of corpusMessages()) mapOne(bytes, file, counts);
    expect(counts.size).toBeGreaterThanOrEqual(13);
    const lines = [...counts].sort().map(([type, { messages, events, failed, causes }]) => {
      const why = [...causes].sort((left, right) => right[1] - left[1]).slice(0, 4);
      const causesText = why.map(([cause, n]) => `${cause} ×${n}`).join(', ');
      return `${type}: ${messages} messages, ${events} events, ${failed} failed outcomes ${causesText}`;
    });
    console.log(lines.join('\n'));
  });
});

function mapOne(bytes: Buffer, path: string, counts: Map<string, Count>): void {
  const parsed = parseMessage(bytes, FORMAT);
  if (!parsed.ok) return;
  const { messageType } = parsed.message;
  const mapping = mappingFor(messageType);
  if (mapping === undefined) return;
  const context = contextFor(bytes);
  const outcomes = mapping.map(parsed.message, context);
  expect(outcomes.length, path).toBeGreaterThan(0);
  expect(mapping.map(parsed.message, context)).toEqual(outcomes);
  const count = counts.get(messageType) ?? { messages: 0, events: 0, failed: 0, causes: new Map() };
  counts.set(messageType, count);
  count.messages += 1;
  for (const event of eventsOf(outcomes)) {
    expect(contractFor(event.kind).safeParse(event.data).error, path).toBeUndefined();
    count.events += 1;
  }
  for (const outcome of outcomes) {
    if (outcome.ok) continue;
    expect(outcome.problems.length, path).toBeGreaterThan(0);
    count.failed += 1;
    for (const { code, path: place } of outcome.problems) {
      const cause = `${code} ${place.replace(/\[\d+\]/g, '')}`;
      count.causes.set(cause, (count.causes.get(cause) ?? 0) + 1);
    }
  }
}
