import { expect, test } from 'vitest';
import { eventResults } from '../../../src/destinations/event-results.ts';

const ids = ['e1', 'e2', 'e3'];
const failures = (answer: unknown) => {
  const results = eventResults(answer, ids);
  return typeof results === 'string' ? results : results.map(({ failed }) => failed);
};

test.each([
  ['by position', { results: [{ status: 201 }, { status: 422 }, { status: 201 }] }, [false, true, false]],
  ['as the body', [{ ok: true }, { ok: false }, { ok: true }], [false, true, false]],
  ['inside a container', { data: { items: [{ ok: true }, { error: 'x' }, { ok: true }] } }, [false, true, false]],
  [
    'by event id, in any order',
    {
      results: [
        { eventId: 'e3', status: 'error' },
        { eventId: 'e1', status: 'ok' },
        { eventId: 'e2', status: 'ok' },
      ],
    },
    [false, false, true],
  ],
  [
    'by id where the ids are those of the events',
    {
      results: [
        { id: 'e2', status: 500 },
        { id: 'e1', status: 201 },
        { id: 'e3', status: 201 },
      ],
    },
    [false, true, false],
  ],
  [
    'by position where the ids are its own',
    {
      results: [
        { id: 'J1', ok: true },
        { id: 'J2', error: 'x' },
        { id: 'J3', ok: true },
      ],
    },
    [false, true, false],
  ],
  [
    'whatever the whole says beside them',
    { errors: true, items: [{ status: 201 }, { status: 400 }, { status: 201 }] },
    [false, true, false],
  ],
])('results are read %s', (_how, answer, expected) => {
  expect(failures(answer)).toEqual(expected);
});

test.each([
  ['fewer', { results: [{ status: 201 }, { status: 201 }] }],
  ['more', { results: ids.concat('e4').map((eventId) => ({ eventId })) }],
  [
    'an unknown event',
    {
      results: [
        { eventId: 'e1', ok: true },
        { eventId: 'e2', ok: true },
        { eventId: 'e9', ok: true },
      ],
    },
  ],
  [
    'one event twice',
    {
      results: [
        { eventId: 'e1', ok: true },
        { eventId: 'e1', ok: true },
        { eventId: 'e3', ok: true },
      ],
    },
  ],
  [
    'a nameless one among named ones',
    { results: [{ eventId: 'e1', ok: true }, { eventId: 'e2', ok: true }, { status: 201 }] },
  ],
  ['success each, but failure of the whole', { status: 'error', results: [{ ok: true }, { ok: true }, { ok: true }] }],
])('results that do not fit the events (%s) say nothing', (_how, answer) => {
  expect(failures(answer)).toBe('unclear');
});

test('an answer to one event may list the lines of the document that it made', () => {
  expect(eventResults({ number: 'J-1', items: [{ line: 1 }, { line: 2 }] }, ['e1'])).toBe('none');
});
