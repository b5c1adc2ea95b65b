/** What an ERP developer builds against: the JSON Schemas, the pages about events, and the bounds of the contracts. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contractFor, contractSchemas, contractUrn } from '../../../src/model/contracts.ts';
import { EVENT_KINDS, type EventKind } from '../../../src/model/event.ts';

const docs = join(import.meta.dirname, '../../../docs');

test('docs/contracts holds exactly the generated schemas (else: npm run docs)', () => {
  const files = contractSchemas();
  expect(readdirSync(join(docs, 'contracts')).sort()).toEqual(files.map(({ file }) => file).sort());
  for (const { file, text } of files) expect(readFileSync(join(docs, 'contracts', file), 'utf8'), file).toBe(text);
});

test('a schema refuses unknown members and names itself like the dataschema attribute', () => {
  for (const { text } of contractSchemas()) {
    const schema = JSON.parse(text) as Record<string, unknown>;
    expect(schema.additionalProperties).toBe(false);
    expect(schema.$id).toMatch(/^urn:causeway:contract:[a-z.]+:v1$/);
  }
});

interface Example {
  readonly type: string;
  readonly dataschema: string;
  readonly data: unknown;
}

const page = ['events.md', 'events-flows.md'].map((file) => readFileSync(join(docs, file), 'utf8')).join('\n');
const examples = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => JSON.parse(text ?? '') as Example);

test.each(EVENT_KINDS)('docs/events.md or events-flows.md has an example of %s that fits its contract', (kind) => {
  const shown = examples.filter(({ type }) => type === `org.causeway.${kind}.v1`);
  expect(shown.length).toBeGreaterThan(0);
  for (const { data, dataschema } of shown) {
    expect(contractFor(kind).safeParse(data).error).toBeUndefined();
    expect(dataschema).toBe(contractUrn(kind));
  }
});

const charge = (amount: unknown): unknown => ({
  chargeId: 'c',
  account: { value: 'A' },
  encounterId: { value: 'V' },
  serviceDate: '2026',
  code: { code: '1' },
  quantity: { value: '1' },
  amount,
  direction: 'debit',
  transactionType: 'CG',
  trigger: 'P03',
});

const accepts = (kind: EventKind, data: unknown): boolean => contractFor(kind).safeParse(data).success;

test('money is decimal text with at most four decimals and a currency, never a JSON number', () => {
  expect(accepts('charge.posted', charge({ amount: '-12.5000', currency: 'USD' }))).toBe(true);
  for (const amount of [12.5, '12.50000', '1e3', '01.5', '+5', '.5', '']) {
    expect(accepts('charge.posted', charge({ amount, currency: 'USD' })), String(amount)).toBe(false);
  }
  expect(accepts('charge.posted', charge({ amount: '5', currency: 'usd' }))).toBe(false);
});

test('only updates may carry null, and a charge may come without an amount', () => {
  expect(accepts('charge.posted', charge(undefined))).toBe(true);
  expect(accepts('charge.posted', charge(null))).toBe(false);
  const patient = { patientId: { value: 'M' }, class: null, trigger: 'A08' };
  expect(accepts('patient.updated', patient)).toBe(true);
  expect(accepts('patient.registered', patient)).toBe(false);
});
