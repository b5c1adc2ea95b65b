/** What a number stands for: the wrong answer posts a charge on somebody else's account. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IdentityDraft, type IdentityRecord } from '../../../outbox/identity-draft.ts';
import type { Identifier, IdentityDomain } from '../../../src/model/event.ts';

/** Messages one after the other, each with a draft of its own, as intake does it. */
function history() {
  const records = new Map<string, IdentityRecord>();
  const stored = (domain: IdentityDomain, value: string) =>
    // A copy each time, as the store gives it.
    structuredClone(records.get(`${domain}!${value}`)) ?? null;
  let message = 0;
  const keep = (draft: IdentityDraft, number: number): void => {
    for (const record of draft.changes(number)) records.set(`${record.domain}!${record.value}`, record);
  };
  const id = (text: string): Identifier => {
    const [value = '', system] = text.split('@');
    return system === undefined ? { value } : { value, system };
  };
  return {
    merge(from: string, to: string, also: { account?: readonly [string, string]; at?: number } = {}): boolean {
      message += also.at === undefined ? 1 : 0;
      const draft = new IdentityDraft(stored, also.at ?? null);
      const links = [{ domain: 'patient' as const, from: id(from), to: id(to) }];
      const [ends, stays] = also.account ?? [];
      const account = { domain: 'account' as const, from: id(ends ?? ''), to: id(stays ?? '') };
      const isMade = draft.link(also.account === undefined ? links : [...links, account]);
      keep(draft, also.at ?? message);
      return isMade;
    },
    part(one: string, other: string) {
      message += 1;
      const draft = new IdentityDraft(stored, null);
      const ended = draft.part([id(one), id(other)]);
      keep(draft, message);
      return ended;
    },
    pass(messages: number): void {
      message += messages;
    },
    of(text: string, at: number | null = null, domain: IdentityDomain = 'patient'): string {
      const found = new IdentityDraft(stored, at).survivorOf(domain, id(text));
      if (typeof found === 'string') return found;
      return found.system === undefined ? found.value : `${found.value}@${found.system}`;
    },
    links: (value: string) => records.get(`patient!${value}`)?.links ?? [],
    get message() {
      return message;
    },
  };
}

describe('what a number stands for', () => {
  test('a chain of merges is followed to its end, and only what ended is followed', () => {
    const numbers = history();
    numbers.merge('A', 'B');
    numbers.merge('B', 'C');
    expect(['A', 'B', 'C', 'D'].map((id) => numbers.of(id))).toEqual(['C', 'C', 'C', 'D']);
  });

  test('a merge back brings the number to life again and closes no ring', () => {
    const numbers = history();
    numbers.merge('A', 'B');
    numbers.merge('B', 'C');
    numbers.merge('C', 'A');
    expect(['A', 'B', 'C'].map((id) => numbers.of(id))).toEqual(['A', 'A', 'A']);
  });

  test('the last word about a number counts', () => {
    const numbers = history();
    numbers.merge('A', 'B');
    numbers.merge('A', 'C');
    expect(['A', 'B', 'C'].map((id) => numbers.of(id))).toEqual(['C', 'B', 'C']);
  });

  test('one system is not another; a number without system is any of them as long as they agree', () => {
    const numbers = history();
    numbers.merge('7@NORTH', '1@NORTH');
    expect(numbers.of('7@SOUTH')).toBe('7@SOUTH');
    expect(numbers.of('7')).toBe('1@NORTH');
    numbers.merge('7@SOUTH', '2@SOUTH');
    expect([numbers.of('7@NORTH'), numbers.of('7@SOUTH'), numbers.of('7')]).toEqual([
      '1@NORTH',
      '2@SOUTH',
      'ambiguous',
    ]);
  });

  test('an unlink ends the merge of the two, and that of the account which came with it', () => {
    const numbers = history();
    numbers.merge('B', 'A', { account: ['BX', 'AX'] });
    expect(numbers.of('BX', null, 'account')).toBe('AX');
    expect(numbers.part('A', 'B')).toEqual([
      { domain: 'patient', from: { value: 'B' }, to: { value: 'A' } },
      { domain: 'account', from: { value: 'BX' }, to: { value: 'AX' } },
    ]);
    expect([numbers.of('B'), numbers.of('BX', null, 'account')]).toEqual(['B', 'BX']);
    expect(numbers.part('A', 'B')).toEqual([]);
  });

  test('an unlink over a chain ends the first link of the one that stood for the other', () => {
    const numbers = history();
    numbers.merge('A', 'B');
    numbers.merge('B', 'C');
    numbers.part('C', 'A');
    expect(['A', 'B'].map((id) => numbers.of(id))).toEqual(['A', 'C']);
  });

  test('a message that is judged again is understood as when it came', () => {
    const numbers = history();
    numbers.pass(4);
    numbers.merge('A', 'B');
    numbers.merge('B', 'C');
    numbers.part('A', 'B');
    expect([5, 6, 7, 8].map((at) => numbers.of('A', at))).toEqual(['A', 'B', 'C', 'A']);
  });

  test('a merge that waited for a person does not undo a younger one', () => {
    const numbers = history();
    numbers.pass(10);
    numbers.merge('A', 'C');
    numbers.merge('A', 'B', { at: 7 });
    expect([8, 12].map((at) => numbers.of('A', at))).toEqual(['B', 'C']);
    expect(numbers.of('A')).toBe('C');
  });

  test('a merge that waited for a person closes no ring with a younger merge back', () => {
    const numbers = history();
    numbers.pass(10);
    numbers.merge('B', 'C');
    numbers.merge('C', 'A');
    numbers.merge('A', 'B', { at: 7 });
    expect([8, 12, 13].map((at) => numbers.of('A', at))).toEqual(['B', 'C', 'A']);
    expect(['A', 'B', 'C'].map((id) => numbers.of(id))).toEqual(['A', 'A', 'A']);
  });

  test('a merge that is judged again says what it said at first, once, and sees none of it before', () => {
    const numbers = history();
    numbers.merge('A', 'B');
    numbers.merge('B', 'C');
    numbers.part('B', 'C');
    const before = ['A', 'B'].map((value) => numbers.links(value));
    expect([numbers.of('A', 1), numbers.of('B', 2), numbers.of('B', 3)]).toEqual(['A', 'B', 'C']);
    for (let time = 0; time < 3; time += 1) {
      numbers.merge('A', 'B', { at: 1 });
      numbers.merge('B', 'C', { at: 2 });
    }
    expect(['A', 'B'].map((value) => numbers.links(value))).toEqual(before);
  });

  test('a merge back closes no ring when the authority stands in some messages only', () => {
    const numbers = history();
    numbers.merge('2@Y', '1');
    numbers.merge('2@Z', '1');
    numbers.merge('1', '2');
    expect(['1', '2', '2@Y', '2@Z'].map((id) => numbers.of(id))).toEqual(['2', '2', '2@Y', '2@Z']);
  });

  test('a number that is merged without end keeps a bounded record, and the last word', () => {
    const numbers = history();
    for (let round = 0; round < 200; round += 1) expect(numbers.merge('A', `B${round}`)).toBe(true);
    expect(numbers.of('A')).toBe('B199');
    expect(numbers.links('A').length).toBeLessThanOrEqual(50);
  });

  test('what cannot be kept is refused: one number in too many systems, a chain that is too long', () => {
    const numbers = history();
    for (let system = 0; system < 50; system += 1) expect(numbers.merge(`A@S${system}`, `B@S${system}`)).toBe(true);
    expect(numbers.merge('A@S50', 'B@S50')).toBe(false);
    for (let step = 0; step < 1_100; step += 1) numbers.merge(`C${step}`, `C${step + 1}`);
    expect([numbers.of('C0'), numbers.of('C200')]).toEqual(['limit', 'C1100']);
  });
});

test('what is tried and not kept leaves nothing, also inside of what is kept', () => {
  const draft = new IdentityDraft(() => null, null);
  const link = (from: string, to: string): boolean =>
    draft.link([{ domain: 'patient', from: { value: from }, to: { value: to } }]);
  const of = (value: string) => draft.survivorOf('patient', { value });
  const keep = (): boolean => true;
  const drop = (): boolean => false;
  draft.attempt(() => {
    link('A', 'B');
    draft.attempt(() => link('A', 'C') && link('B', 'D'), drop);
    link('E', 'F');
  }, keep);
  expect([of('A'), of('B'), of('E')]).toEqual([{ value: 'B' }, { value: 'B' }, { value: 'F' }]);
  draft.attempt(() => draft.attempt(() => link('B', 'E'), keep), drop);
  expect([of('A'), of('E')]).toEqual([{ value: 'B' }, { value: 'F' }]);
});

test('a file of merges costs each of them the same: the appliance does not stand still at the end of it', () => {
  const draft = new IdentityDraft(() => null, null);
  const began = performance.now();
  for (let number = 0; number < 40_000; number += 1)
    draft.attempt(
      () => draft.link([{ domain: 'patient', from: { value: `A${number}` }, to: { value: 'B' } }]),
      (isMade) => isMade,
    );
  expect(performance.now() - began).toBeLessThan(8_000);
});

test('whatever is merged and parted, every number leads to one that is alive, and merged ones to the same', () => {
  const step = fc.tuple(fc.constantFrom('merge', 'merge', 'merge', 'part'), fc.nat(7), fc.nat(7));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const numbers = history();
      for (const [what, one, other] of steps) {
        const ids = [`P${one}`, `P${other}`] as const;
        if (what === 'part') numbers.part(...ids);
        else if (one !== other) {
          numbers.merge(...ids);
          expect(numbers.of(ids[0])).toBe(numbers.of(ids[1]));
        }
        for (let number = 0; number < 8; number += 1) {
          const survivor = numbers.of(`P${number}`);
          expect(numbers.of(survivor)).toBe(survivor);
        }
      }
    }),
    { numRuns: 300 },
  );
});
