/** What a person in finance sees of a message: enough to work with a charge, nothing that says who the patient is. */
import { expect, test } from 'vitest';
import type { ZSegments } from '../../../src/profiles/z-segment-settings.ts';
import { leavesOf, PLACES_MAX, showTree } from '../../../src/viewer/tree.ts';
import { readMessage } from '../../support/map-message.ts';

const MSH = 'MSH|^~\\&|REG|NORTH|CAUSEWAY|ERP|20260302143000||DFT^P03^DFT_P03|C1|P|2.5.1';

function leaves(lines: readonly string[], options: { masked?: boolean; zSegments?: ZSegments } = {}) {
  const message = readMessage(Buffer.from(`${lines.join('\r')}\r`));
  const { masked = true, zSegments = {} } = options;
  const shown = showTree(message, { masked, zSegments });
  return { shown, values: Object.fromEntries([...leavesOf(shown)].map(({ path, value }) => [path, value])) };
}

/** Every word of this message names the patient, somebody near, or what ails the patient. */
const PRIVATE = [
  'PID|1||MRNSECRET1^^^NORTH^MR||SECRETNAME^SECRETGIVEN^^^||19771231|F|SECRETALIAS||SECRETSTREET^^SECRETTOWN^^77777||' +
    '5550001^^^SECRETMAIL|||M|CAT|ACCSECRET2^^^NORTH^AN|SSNSECRET3|DLSECRET4',
  'NK1|1|SECRETKIN^SECRETKINGIVEN|SPO|SECRETKINSTREET',
  'PV1|1|I|MED1||||DRSECRET5^SECRETDOCTOR^GIVENDOCTOR|||MED|||||SECRETAMB|VIPSECRET|||VISSECRET6',
  'GT1|1|GUARSECRET7|SECRETGUARANTOR^SECRETG||SECRETGSTREET|5550002||19600101|M',
  'IN1|1|PLAN1|PAYER1|BIG PAYER|||||||SECRETEMPLOYER|||||SECRETINSURED^SECRETI|SEL|19550505|SECRETISTREET',
  'DG1|1||SECRETICD^SECRETDIAGNOSIS^I10',
  'OBX|1|TX|SECRETTEST^SECRETTESTNAME||SECRETRESULT',
  'NTE|1||SECRETNOTE',
  'AL1|1||SECRETALLERGY',
  'ZPI|1|SECRETZ|SHOWNZ',
  'Q_1|SECRETODD',
  'secret free text SECRETLINE',
  'FT1|1|T1||20260302|20260303|CG|71020^CHEST XRAY^CDM|||2|80.00|40.00|CC1||||||' +
    'SECRETDX^SECRETDXTEXT|DRSECRET8^SECRETDR',
];

test('no word about the patient is in the masked tree, all of them are in the open one', () => {
  const zSegments: ZSegments = { ZPI: { fields: { '3': { name: 'Cost group', shown: true } } } };
  const masked = JSON.stringify(leaves([MSH, ...PRIVATE], { zSegments }).shown);
  expect(masked.match(/SECRET\w*|19771231|555000\d|77777|19600101|19550505/g) ?? []).toEqual([]);
  const open = JSON.stringify(leaves([MSH, ...PRIVATE], { masked: false, zSegments }).shown);
  for (const word of PRIVATE.join('|').match(/SECRET\w*/g) ?? []) expect(open).toContain(word);
  expect(masked).toContain('SHOWNZ');
});

test('a charge can be worked with under the mask', () => {
  const { values } = leaves([MSH, ...PRIVATE]);
  expect(values).toMatchObject({
    'MSH-9.1': 'DFT',
    'MSH-10': 'C1',
    'PID-3.1': '•••ET1',
    'PID-3.4': 'NORTH',
    'PID-3.5': 'MR',
    'PID-18.1': '•••ET2',
    'PID-5.1': '•••',
    'PV1-2': 'I',
    'PV1-3': 'MED1',
    'PV1-19': '•••ET6',
    'IN1-4': 'BIG PAYER',
    'FT1-6': 'CG',
    'FT1-7.1': '71020',
    'FT1-7.2': 'CHEST XRAY',
    'FT1-10': '2',
    'FT1-11': '80.00',
    'FT1-19.1': '•••',
    'FT1-20.1': '•••ET8',
  });
});

test('short identifiers show nothing, and how long a hidden value is, is not told', () => {
  const { values } = leaves([MSH, 'PID|1||12345^^^A^MR~123456||DOE']);
  expect([values['PID-3.1'], values['PID-3[2]'], values['PID-5']]).toEqual(['•••', '•••456', '•••']);
});

test('paths are those that the reader takes: repetitions, second segments, subcomponents', () => {
  const lines = [MSH, 'PID|1||A1^^^X&1.2.3&ISO^MR~B2^^^Y^AN', 'FT1|1|T1', 'FT1|2|T2|||||||||12.50&EUR^UP'];
  const message = readMessage(Buffer.from(`${lines.join('\r')}\r`));
  const { values } = leaves(lines, { masked: false });
  expect(values).toMatchObject({
    'PID-3.4.2': '1.2.3',
    'PID-3[2].4': 'Y',
    'FT1[2]-11.1.2': 'EUR',
    'FT1[2]-11.2': 'UP',
    'FT1[2]-2': 'T2',
  });
  for (const [path, value] of Object.entries(values)) {
    if (!/^MSH-[12]$/.test(path)) expect(message.value(path), path).toBe(value);
  }
});

test('empty places are left out, HL7 null stays, and names follow the version', () => {
  const { shown, values } = leaves([MSH.replace('2.5.1', '2.1'), 'PID|1||""||', 'FT1|1|||||CG||||80.00|2']);
  expect(values['PID-3']).toBe('""');
  expect(Object.keys(values).filter((path) => path.startsWith('PID'))).toEqual(['PID-1', 'PID-3']);
  const ft1 = shown.segments.find(({ path }) => path === 'FT1');
  expect(ft1?.fields.find(({ path }) => path === 'FT1-10')?.name).toBe('Transaction amount - extended');
  expect([shown.version, shown.dictionary]).toEqual(['2.1', '2.1']);
});

test('Z-segments have the names of the profile', () => {
  const zSegments: ZSegments = {
    ZFT: { name: 'Cost allocation', fields: { '2': { name: 'Cost centre', shown: false } } },
  };
  const { shown } = leaves([MSH, 'ZFT|1|CC77'], { zSegments });
  const zft = shown.segments[1];
  expect([zft?.name, zft?.fields[1]?.name, zft?.fields[1]?.value]).toEqual(['Cost allocation', 'Cost centre', '•••']);
});

test.each([
  ['segments', `NTE|1||x\r`.repeat(60_000)],
  ['components', `NTE|1||${'^'.repeat(2_000_000)}x\r`],
  ['subcomponents', `NTE|1||${'&a'.repeat(2_000_000)}\r`],
  ['repetitions', `NTE|1||${'~x'.repeat(9_000)}\r`.repeat(20)],
  ['one long value', `OBX|1|ED|X||${'A'.repeat(5_000_000)}\r`],
])('a tree of very many %s ends, soon', (_what, text) => {
  const began = process.hrtime.bigint();
  const { shown } = leaves([MSH, text], { masked: false });
  expect([...leavesOf(shown)].length).toBeLessThanOrEqual(PLACES_MAX);
  expect(JSON.stringify(shown).length).toBeLessThan(6_000_000);
  expect(Number(process.hrtime.bigint() - began) / 1e6).toBeLessThan(3_000);
});
