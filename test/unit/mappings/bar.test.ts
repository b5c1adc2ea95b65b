/** What of a BAR leaves the facility: codes only where the profile says so, diagnoses never. */
import { expect, test } from 'vitest';
import { eventsOf, mapLines } from '../../support/map-message.ts';
import { EVN, mshAdt, PID, PV1 } from '../../support/sample-lines.ts';

const lines = [
  mshAdt('A01').replace('ADT^A01', 'BAR^P12'),
  EVN,
  PID,
  PV1,
  'DG1|1||J18.9^PNEUMONIA^I10|||A',
  'DRG|194^SIMPLE PNEUMONIA^MS-DRG',
  'PR1|1||93458^ANGIOGRAPHY^CPT||20260302093000|||||||||||LT^LEFT~59',
];

test('DRG and procedures are sent only where the profile has includeCoding, diagnoses never', () => {
  const [minimal] = eventsOf(mapLines(lines));
  expect(minimal?.data).toMatchObject({ parts: ['diagnoses', 'drg', 'procedures'] });
  expect(JSON.stringify(minimal)).not.toMatch(/J18|194|93458/);
  const [full] = eventsOf(mapLines(lines, { includeCoding: true }));
  expect(full?.data).toMatchObject({
    drg: { code: '194', system: 'MS-DRG' },
    procedures: [
      {
        code: { code: '93458', system: 'CPT' },
        modifiers: [{ code: 'LT', text: 'LEFT' }, { code: '59' }],
        date: expect.stringMatching(/^2026-03-02T09:30:00/),
      },
    ],
  });
  expect(JSON.stringify(full)).not.toMatch(/J18/);
});

test('a procedure without code is a problem where procedures are sent', () => {
  const without = lines.map((line) => line.replace('93458^ANGIOGRAPHY^CPT', ''));
  expect(eventsOf(mapLines(without))).toHaveLength(1);
  expect(mapLines(without, { includeCoding: true })).toMatchObject([{ ok: false, problems: [{ path: 'PR1[1]-3' }] }]);
});
