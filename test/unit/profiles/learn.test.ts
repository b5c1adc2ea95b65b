/** A profile learned from samples: it fits them, it can be used as it is written, and it says nothing of a patient. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { profileSettings } from '../../../src/mappings/profile.ts';
import { DriftWatch } from '../../../src/profiles/drift.ts';
import { profileFragment } from '../../../src/profiles/fragment.ts';
import { SampleFacts } from '../../../src/profiles/sample-facts.ts';
import { suggestProfile } from '../../../src/profiles/suggest.ts';
import { readMessage } from '../../support/map-message.ts';
import { problemsOf } from '../config/support.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const read = (lines: readonly string[], end = '\r') => readMessage(Buffer.from(`${lines.join(end)}${end}`));

/** Admissions and charges of one registration system, with what a site may do differently from the standard. */
function samples() {
  return Array.from({ length: 30 }, (_, number) => {
    const isCharge = number % 2 === 0;
    const type = isCharge ? 'DFT^P03' : 'ADT^A01';
    const sign = number % 4 === 0 ? '-' : '';
    const id = `SECRET${1000 + number}`;
    return read([
      `MSH|^~\\&|REG|NORTH|CAUSEWAY|ERP|20260302143000-0600||${type}|C${number}|P|2.3||||||8859/1`,
      'EVN|A01|20260302142900',
      `PID|1||${id}^^^NATIONAL^NI~${id}^^^NORTH^MR||SECRETNAME^SECRETGIVEN||19700203|F|||SECRETSTREET|||||||${id}A`,
      `PV1|1|I|SECRETWARD^4||||7^SECRETDOCTOR|||MED||||||||INP|${number < 20 ? `${id}V` : ''}`,
      ...(isCharge
        ? [
            `FT1|1|T${number}||20260302|20260303|CG|71020^SECRETTEXT^CDM|||2|80.00|40.00|CC1`,
            `FT1|2|T${number}||20260302|20260303|CD|71020^SECRETTEXT^CDM|||1|${sign}80.05|80.00|CC1`,
          ]
        : []),
      `ZFT|1||SECRETZ${number}|CC77`,
    ]);
  });
}

function learn(messages = samples()) {
  const facts = new SampleFacts();
  for (const message of messages) facts.add(message);
  return { facts, messages, yaml: profileFragment(facts, 'samples/reg') };
}

test('says which repetition is the patient, where account and visit are, and what is always there', () => {
  const { facts } = learn();
  const profile = suggestProfile(facts);
  expect(profile.patientId).toEqual({ authorities: ['NORTH'], types: ['MR'] });
  expect(profile.account).toEqual(['PID-18.1', 'PV1-19.1']);
  expect(profile.encounterId).toEqual(['PV1-19.1', 'PID-18.1']);
  expect(profile.zSegments.ZFT?.fields).toEqual({
    1: { name: 'ZFT-1', shown: false },
    3: { name: 'ZFT-3', shown: false },
    4: { name: 'ZFT-4', shown: false },
  });
  expect(profile.learned).toMatchObject({
    senders: ['REG/NORTH'],
    messageTypes: ['ADT^A01', 'DFT^P03'],
    versions: ['2.3'],
    charsets: ['8859/1'],
    zSegments: ['ZFT'],
    transactionTypes: ['CD', 'CG'],
  });
  expect(profile.learned.present['DFT^P03']).toEqual(expect.arrayContaining(['PID-3', 'PID-18', 'FT1-7', 'FT1-13']));
  expect(profile.learned.present['DFT^P03']).not.toContain('PV1-19');
});

test('the YAML is the profile, and a configuration with it has no problems', () => {
  const { facts, yaml } = learn();
  const { patientId, account, encounterId, zSegments, learned } = suggestProfile(facts);
  const written = profileSettings.parse(parse(yaml).profile);
  expect(written).toMatchObject({ patientId, account, encounterId, zSegments, learned: { ...learned } });
  const indented = yaml.replace(/^/gm, '    ');
  expect(
    problemsOf(`facility: { id: a, name: A, timezone: UTC, currency: USD }
store: { path: ./data }
status: { port: 8080 }
channels:
  - id: old
    listener: { kind: mllp, port: 2575 }
    format: { kind: hl7v2 }
    routes: [ { to: erp } ]
${indented}
destinations: [ { id: erp, kind: https-json, url: https://erp.example.org } ]
`),
  ).toEqual([]);
});

test('its comments tell what a person must ask the sender', () => {
  const { yaml } = learn();
  expect(yaml).toContain('# Learned from 30 messages of samples/reg.');
  expect(yaml).toContain('# PID-3 by authority and type: NATIONAL NI × 30, NORTH MR × 30.');
  expect(yaml).toMatch(/PV1-19\.1 66\.7 %/);
  expect(yaml).toContain('# MSH-7: second with offset × 30.');
  expect(yaml).toContain('# Only MSH-7 has an offset');
  expect(yaml).toContain('# FT1-6 CD: 15 lines: 7 positive, 8 negative.');
  expect(yaml).toContain('# CD has both signs: ask the sender what each means, and set `creditSign`.');
  expect(yaml.replace(/\s+#\s+/g, ' ')).toContain('30 lines, 15 differ by more than 0.01, the largest by 0.05.');
  expect(yaml.split('\n').filter((line) => line.length > 120)).toEqual([]);
});

test('nothing of a patient is in it', () => {
  expect(learn().yaml.match(/SECRET\w*|19700203/g) ?? []).toEqual([]);
});

test('what was learned from messages finds nothing new in them', () => {
  const { facts, messages } = learn();
  const watch = new DriftWatch(suggestProfile(facts).learned, new ManualClock(0));
  for (const message of [...messages, ...messages]) watch.observe(message);
  expect(watch.findings()).toEqual([]);
});

test('a place that holds data where codes belong is counted, not listed', () => {
  const shifted = Array.from({ length: 60 }, (_, number) =>
    read([`MSH|^~\\&|A|B|C|D|2026||ADT^A01|C${number}|P|2.5`, `PID|1||1^^^SECRET${number}`, `PV1|1|SECRET${number}`]),
  );
  expect(learn(shifted).yaml).not.toMatch(/SECRET/);
});

test('line ends and remarks of the reader are told', () => {
  const lf = read(['MSH|^~\\&|A|B|C|D|2026||ADT^A01|C1|P|2.5||||||', 'PID|1||7'], '\n');
  const odd = readMessage(Buffer.from('MSH|^~\\&|A|B|C|D|2026||ADT^A01|C1|P|2.5\rPID|1||7||M\xfcller\r', 'latin1'));
  const { yaml } = learn([lf, odd]);
  expect(yaml).toContain('# Line ends: CR × 1, LF × 1.');
  expect(yaml).toMatch(/# Remarks of the reader: charset-/);
});

test('a long list is wrapped between its values, never between a value and how often it came', () => {
  for (const extra of Array.from({ length: 12 }, (_, count) => 'X'.repeat(count))) {
    const messages = Array.from({ length: 12 }, (_, number) => {
      const sender = `A_RATHER_LONG_SENDER_${number}${extra}|A_LONG_FACILITY_${number}`;
      return read([`MSH|^~\\&|${sender}|C|D|2026||ADT^A01|C${number}|P|2.5`, 'PID|1||7']);
    });
    const lines = learn(messages).yaml.split('\n');
    expect(lines.filter((line) => line.includes('A_RATHER_LONG')).length).toBeGreaterThan(3);
    expect(lines.filter((line) => /^ *# *×|×$/.test(line) || line.length > 110)).toEqual([]);
  }
});
