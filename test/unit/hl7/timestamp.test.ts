import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  offsetOfMessage,
  readTimestamp,
  toHl7Time,
  toZoned,
  type ZonedTime,
  type ZoneRules,
} from '../../../src/hl7/timestamp.ts';
import { offsetMinutesAt } from '../../../src/hl7/zone.ts';

const chicago: ZoneRules = { timezone: 'America/Chicago', mshOffsetMinutes: null, mshOffsetApplies: true };

function zonedOf(text: string, rules: ZoneRules = chicago): ZonedTime {
  const read = readTimestamp(text);
  if (!read.ok) throw new Error(`refused: ${read.problems[0]?.text}`);
  return toZoned(read.value, rules);
}
const textOf = (text: string, rules: ZoneRules = chicago): string => zonedOf(text, rules).text;

describe('precision is kept', () => {
  test.each([
    ['2024', 'year', '2024'],
    ['202403', 'month', '2024-03'],
    ['20240310', 'day', '2024-03-10'],
    ['2024031014', 'hour', '2024-03-10T14:00:00-05:00'],
    ['202403101415', 'minute', '2024-03-10T14:15:00-05:00'],
    ['20240310141516', 'second', '2024-03-10T14:15:16-05:00'],
    ['20240310141516.1', 'fraction', '2024-03-10T14:15:16.1-05:00'],
    ['20240310141516.1234+0530', 'fraction', '2024-03-10T14:15:16.1234+05:30'],
    ['20240310+0100', 'day', '2024-03-10'],
  ])('%s has the precision of a %s', (sent, precision, text) => {
    expect(zonedOf(sent)).toMatchObject({ precision, text });
  });

  test('a date has no instant, so it can never move to another day', () => {
    expect(zonedOf('20240310')).toMatchObject({ utc: null, epochMs: null });
  });
});

describe('whose offset counts', () => {
  const msh: ZoneRules = { ...chicago, mshOffsetMinutes: 60 };

  test('its own, then the one of MSH-7 if it applies, then the zone of the sender', () => {
    expect(textOf('20240115120000+0000', msh)).toBe('2024-01-15T12:00:00+00:00');
    expect(textOf('20240115120000', msh)).toBe('2024-01-15T12:00:00+01:00');
    expect(textOf('20240115120000', { ...msh, mshOffsetApplies: false })).toBe('2024-01-15T12:00:00-06:00');
    expect(textOf('20240115120000')).toBe('2024-01-15T12:00:00-06:00');
  });

  test('the offset of MSH-7 is found, or there is none', () => {
    expect(['20240115120000-0600', '20240115120000', '', undefined, 'x-0600'].map(offsetOfMessage)).toEqual([
      -360,
      null,
      null,
      null,
      null,
    ]);
  });

  test('UTC is the same instant', () => {
    expect(zonedOf('20240115233000.5-0600')).toMatchObject({
      utc: '2024-01-16T05:30:00.5Z',
      epochMs: Date.UTC(2024, 0, 16, 5, 30, 0, 500),
    });
  });
});

describe('clock changes', () => {
  test('the hour that exists twice: the earlier offset, flagged', () => {
    expect(zonedOf('202411030130')).toMatchObject({ text: '2024-11-03T01:30:00-05:00', flags: ['timeAmbiguous'] });
    expect(zonedOf('202411030230')).toMatchObject({ text: '2024-11-03T02:30:00-06:00', flags: [] });
    expect(zonedOf('202411030059')).toMatchObject({ text: '2024-11-03T00:59:00-05:00', flags: [] });
  });

  test('the hour that does not exist: shifted forward, flagged', () => {
    expect(zonedOf('202403100230')).toMatchObject({ text: '2024-03-10T03:30:00-05:00', flags: ['timeShifted'] });
    expect(zonedOf('202403100159')).toMatchObject({ text: '2024-03-10T01:59:00-06:00', flags: [] });
    expect(zonedOf('202403100300')).toMatchObject({ text: '2024-03-10T03:00:00-05:00', flags: [] });
  });

  test('half-hour changes, and the southern half of the year', () => {
    const lordHowe = { ...chicago, timezone: 'Australia/Lord_Howe' };
    expect(zonedOf('202404070145', lordHowe)).toMatchObject({
      text: '2024-04-07T01:45:00+11:00',
      flags: ['timeAmbiguous'],
    });
    expect(zonedOf('202410060215', lordHowe)).toMatchObject({
      text: '2024-10-06T02:45:00+11:00',
      flags: ['timeShifted'],
    });
  });

  test('an offset that was sent settles the question without a flag', () => {
    expect(zonedOf('202411030130-0600')).toMatchObject({ text: '2024-11-03T01:30:00-06:00', flags: [] });
  });

  test('every instant of our own clock comes back as itself', () => {
    const zone = fc.constantFrom(
      'America/Chicago',
      'Europe/Berlin',
      'Asia/Kolkata',
      'Pacific/Auckland',
      'America/St_Johns',
    );
    const second = fc.integer({ min: 0, max: 4_000_000_000 });
    fc.assert(
      fc.property(zone, second, (timezone, seconds) => {
        const written = toHl7Time(seconds * 1_000, timezone);
        expect(zonedOf(written).epochMs).toBe(seconds * 1_000);
        const local = zonedOf(written.slice(0, 14), { ...chicago, timezone });
        if (local.flags.length === 0) expect(local.epochMs).toBe(seconds * 1_000);
      }),
      { numRuns: 500 },
    );
  });
});

describe('dates that are none', () => {
  test.each([
    '',
    '""',
    '24',
    '202',
    '20241',
    '2024010112000',
    '20240101120000000',
    '202401011200000000000',
    '2024-01-15',
    '20240115T1200',
    '20240115120000Z',
    '202401151200.5',
    '20240115120000.',
    '20240115120000+06',
    ' 20240115',
    '２０２４',
  ])('%s is a format problem that names the place and no value', (sent) => {
    expect(readTimestamp(sent, 'FT1-4.1')).toEqual({
      ok: false,
      problems: [{ code: 'format', path: 'FT1-4.1', text: expect.stringMatching(/^Expected a date or time as YYYY/) }],
    });
  });

  test.each([
    '20241301',
    '20240001',
    '20240230',
    '20230229',
    '20240100',
    '2024010124',
    '202401011260',
    '20240101120060',
    '20240101120000+1500',
    '20240101120000+0160',
    '00010101',
  ])('%s is out of range', (sent) => {
    expect(readTimestamp(sent)).toMatchObject({ ok: false, problems: [{ code: 'out-of-range' }] });
  });

  test.each(['20240229', '99991231', '19000101'])('%s is a real date', (sent) => {
    expect(readTimestamp(sent).ok).toBe(true);
  });

  test('no text makes the reader throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[0-9+.-]{0,25}$/)),
        (text) => readTimestamp(text).ok !== undefined,
      ),
    );
  });
});

test('a feed of times from many years does not grow the memory of offsets without end', () => {
  for (let slot = 0; slot < 20_000; slot += 1) offsetMinutesAt('Europe/Berlin', slot * 900_000);
  expect(offsetMinutesAt('Europe/Berlin', Date.UTC(2024, 6, 1))).toBe(120);
  expect(offsetMinutesAt('UTC', 0)).toBe(0);
});
