import { expect } from 'vitest';

/** An ERP that applies each idempotency key once and notes the order of first effects per subject. */
export function idempotentErp() {
  const applied = new Map<string, string>();
  const perSubject = new Map<string, number[]>();
  const reused: string[] = [];
  return {
    perSubject,
    reused,
    apply(key: string, body: string): void {
      const earlier = applied.get(key);
      if (earlier !== undefined) {
        if (earlier !== body) reused.push(key);
        return;
      }
      applied.set(key, body);
      const parsed: unknown = JSON.parse(body);
      const events = (Array.isArray(parsed) ? parsed : [parsed]) as { subject: string; sequence: number }[];
      for (const { subject, sequence } of events) {
        perSubject.set(subject, [...(perSubject.get(subject) ?? []), sequence]);
      }
    },
  };
}

const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

/** Each entry took effect once, in order per subject, and no key stood for two contents. */
export function expectOrderOnce(erp: ReturnType<typeof idempotentErp>, total: number): void {
  expect(erp.reused).toEqual([]);
  let seen = 0;
  for (const sequences of erp.perSubject.values()) {
    expect(sequences).toEqual(sorted(sequences));
    expect(new Set(sequences).size).toBe(sequences.length);
    seen += sequences.length;
  }
  expect(seen).toBe(total);
}

/** Reproducible numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
