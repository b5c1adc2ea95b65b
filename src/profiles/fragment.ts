/** A learned profile as YAML for the file of a channel, with what was seen as comments. No patient data. */
import { formatCount, formatCountOf } from '../status/wording.ts';
import {
  CODE_PATHS,
  type LineSigns,
  NUMBER_PATHS,
  type SampleFacts,
  SYSTEM_PATHS,
  TIME_PATHS,
} from './sample-facts.ts';
import { type SuggestedProfile, suggestProfile } from './suggest.ts';
import type { Tally } from './tally.ts';

/** Values listed in one comment. */
const LISTED_MAX = 12;
const LINE_MAX = 110;
/** Among more values than these, one that stands once is not told. */
const MANY = 20;

/** The fragment; `source` names the folder. */
export function profileFragment(facts: SampleFacts, source: string): string {
  const profile = suggestProfile(facts);
  return `${[
    ...headLines(facts, source),
    'profile:',
    ...patientLines(facts, profile),
    ...numberLines(facts, profile),
    ...timeLines(facts),
    ...moneyLines(facts),
    ...codeLines(facts),
    ...zLines(facts, profile),
    ...learnedLines(facts, profile),
  ].join('\n')}\n`;
}

function headLines(facts: SampleFacts, source: string): string[] {
  const unread = facts.unread.total === 0 ? '' : `; not read: ${listed(facts.unread)}`;
  return [
    ...comment('', `Learned from ${formatCountOf(facts.messages, 'message')} of ${source}${unread}.`),
    ...comment('', `Senders (MSH-3/MSH-4): ${listed(facts.senders)}.`),
    ...comment('', `Versions: ${listed(facts.versions)}. Delimiters: ${listed(facts.delimiters)}.`),
    ...comment('', `Line ends: ${listed(facts.lineEnds)}.`),
    ...comment('', `MSH-18: ${listed(facts.charsets)}. Read as: ${listed(facts.charsetsUsed)}.`),
    ...(facts.flags.total === 0
      ? []
      : comment('', `Remarks of the reader: ${listed(facts.flags)}. See \`format.charset\` and \`fallbackCharset\`.`)),
  ];
}

function patientLines(facts: SampleFacts, { patientId }: SuggestedProfile): string[] {
  const all = [...facts.patientIds.values()].sort((left, right) => right.count - left.count);
  const seen = facts.withPatient > MANY ? all.filter(({ count }) => count > 1) : all;
  const some = seen
    .slice(0, LISTED_MAX)
    .map(({ authority, type, count }) => `${name(authority)} ${name(type)} × ${formatCount(count)}`);
  const more = all.length - some.length + facts.otherPatientIds;
  const text = some.length === 0 ? 'none' : `${some.join(', ')}${more > 0 ? ' and others' : ''}`;
  return [
    ...comment('  ', `PID-3 by authority and type: ${text}.`),
    ...(patientId === undefined
      ? []
      : [`  patientId: { authorities: ${list(patientId.authorities)}, types: ${list(patientId.types)} }`]),
  ];
}

function numberLines(facts: SampleFacts, { account, encounterId }: SuggestedProfile): string[] {
  const { withPatient } = facts;
  const seen = NUMBER_PATHS.map((path) => `${path} ${share(facts.numbers.count(path), withPatient)}`).join(', ');
  const same = share(facts.accountIsVisit, facts.numbers.count('PID-18.1'));
  return [
    ...comment('  ', `Of messages with PID, filled: ${seen}. PID-18 equals PV1-19 in ${same}.`),
    ...(account === undefined ? [] : [`  account: ${list(account)}`]),
    ...(encounterId === undefined ? [] : [`  encounterId: ${list(encounterId)}`]),
  ];
}

function timeLines({ times }: SampleFacts): string[] {
  const seen = TIME_PATHS.flatMap((path) => {
    const tally = times.get(path);
    return tally === undefined ? [] : comment('  ', `${path}: ${listed(tally)}.`);
  });
  const header = offsets(times.get('MSH-7'));
  const others = [...times].filter(([path]) => path !== 'MSH-7').reduce((sum, [, tally]) => sum + offsets(tally), 0);
  const advice =
    header > 0 && others === 0
      ? comment('  ', 'Only MSH-7 has an offset: ask whether it holds for the other times, too (true), or not (false).')
      : [];
  return [
    ...seen,
    ...comment('  ', 'Times without offset are of the zone of the facility; `timezone` names another one.'),
    ...advice,
    ...(advice.length === 0 ? [] : ['  mshOffsetApplies: true']),
  ];
}

const offsets = (tally: Tally | undefined): number =>
  (tally?.sorted() ?? []).reduce((sum, [shape, count]) => sum + (shape.endsWith('with offset') ? count : 0), 0);

function moneyLines({ signs, amounts }: SampleFacts): string[] {
  if (signs.size === 0) return [];
  const seen = [...signs].sort().flatMap(([code, facts]) => comment('  ', `FT1-6 ${name(code)}: ${signText(facts)}.`));
  const differing =
    amounts.differing === 0
      ? `all within 0.01`
      : `${formatCount(amounts.differing)} differ by more than 0.01, the largest by ${amounts.largest}`;
  const product =
    amounts.compared === 0
      ? []
      : comment(
          '  ',
          `Quantity × unit amount against the extended amount: ${formatCount(amounts.compared)} lines, ${differing}.`,
        );
  return [...seen, ...mixed(signs), ...product];
}

function signText(facts: LineSigns): string {
  const { lines, positive, negative, zero, without, negativeQuantity } = facts;
  const parts = [
    [positive, 'positive'],
    [negative, 'negative'],
    [zero, 'zero'],
    [without, 'without amount'],
    [negativeQuantity, 'with a negative quantity'],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`);
  return `${formatCountOf(lines, 'line')}: ${told.join(', ')}`;
}

/** Codes whose amounts have both signs: the one question that nobody but the sender can answer. */
function mixed(signs: SampleFacts['signs']): string[] {
  const settings = [
    ['CD', 'creditSign'],
    ['AJ', 'adjustmentSign'],
    ['PY', 'paymentSign'],
    ['CO', 'paymentSign'],
  ] as const;
  return settings.flatMap(([code, setting]) => {
    const { positive = 0, negative = 0 } = signs.get(code) ?? {};
    if (positive === 0 || negative === 0) return [];
    return comment('  ', `${code} has both signs: ask the sender what each means, and set \`${setting}\`.`);
  });
}

function codeLines({ codes, systems }: SampleFacts): string[] {
  const told = (path: string, tally: Tally | undefined): string[] =>
    tally === undefined ? [] : comment('  ', `${path}: ${listed(tally, true)}.`);
  return [
    ...CODE_PATHS.flatMap((path) => told(path, codes.get(path))),
    ...SYSTEM_PATHS.flatMap((path) => told(`Coding system ${path}`, systems.get(path))),
  ];
}

function zLines(facts: SampleFacts, { zSegments }: SuggestedProfile): string[] {
  const names = Object.entries(zSegments);
  if (names.length === 0) return comment('  ', 'No Z-segments.');
  return [
    ...comment('  ', 'Give each field its name; `shown: true` where it is no patient data.'),
    '  zSegments:',
    ...names.flatMap(([segment, { fields }]) => {
      const seen = facts.zSegments.get(segment);
      const { segments = 0, messages = 0, fields: filled } = seen ?? {};
      const head = `${formatCountOf(segments, 'segment')} in ${formatCountOf(messages, 'message')}.`;
      const rows = Object.entries(fields).map(([field, { name: label }]) => {
        const often = share(filled?.get(Number(field)) ?? 0, segments);
        return `        ${field}: { name: ${text(label)} }  # filled in ${often}`;
      });
      return [...comment('    ', head), `    ${segment}:`, '      fields:', ...rows];
    }),
  ];
}

function learnedLines(facts: SampleFacts, { learned }: SuggestedProfile): string[] {
  const lists = (['senders', 'messageTypes', 'versions', 'charsets', 'zSegments', 'transactionTypes'] as const).flatMap(
    (key) => {
      const values = learned[key];
      return values === undefined ? [] : wrapped(`    ${key}: `, values);
    },
  );
  const present = Object.entries(learned.present);
  return [
    ...comment('  ', 'What differs from this is told in the status. To make a field a must, name it in `required`.'),
    '  learned:',
    ...lists,
    ...comment('    ', `Message types: ${listed(facts.types)}.`),
    ...(present.length === 0 ? [] : ['    present:']),
    ...present.flatMap(([type, paths]) => wrapped(`      ${text(type)}: `, paths)),
  ];
}

/** A flow list over as many lines as it needs. */
function wrapped(head: string, values: readonly string[]): string[] {
  const whole = `${head}${list(values)}`;
  if (whole.length <= LINE_MAX) return [whole];
  const indent = ' '.repeat(head.length - head.trimStart().length + 2);
  return [
    `${head.trimEnd()} [`,
    ...fill(
      values.map((value) => `${text(value)},`),
      indent,
    ),
    `${indent}]`,
  ];
}

/** Words put into lines of at most `LINE_MAX` characters. */
function fill(words: readonly string[], indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of words) {
    if (line !== indent && line.length + word.length + 1 > LINE_MAX) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** A value and how often it came stay in one line: `LAB/NORTH × 12`. */
const comment = (indent: string, sentence: string): string[] => fill(sentence.split(/(?<! ×) (?!× )/), `${indent}# `);

/**
 * `LAB/NORTH × 12, …`; a place with very many values holds data and is only counted. In `codes` a value that many
 * samples have once may be a slip into the next field, and is only counted, too.
 */
function listed(tally: Tally, codes = false): string {
  if (tally.isData) return `more different values than a list of codes has (${formatCount(tally.total)} in all)`;
  const sorted = tally.sorted();
  const shown = codes && tally.total > MANY ? sorted.filter(([, count]) => count > 1) : sorted;
  const some = shown.slice(0, LISTED_MAX).map(([label, count]) => `${name(label)} × ${formatCount(count)}`);
  const more = sorted.length - some.length;
  return some.length === 0 ? 'none' : `${some.join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`;
}

const name = (label: string): string => (label === '' ? '(empty)' : label);

const share = (count: number, total: number): string =>
  total === 0 ? 'none' : `${((100 * count) / total).toFixed(count === 0 || count === total ? 0 : 1)} %`;

const list = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`;

/** A scalar that YAML reads as this text and as nothing else. */
const text = (value: string): string =>
  /^[A-Z][A-Za-z0-9_^./-]*$/.test(value) &&
  !/^(?:Y|N|Yes|No|True|False|On|Off|Null|YES|NO|TRUE|FALSE|ON|OFF|NULL)$/.test(value)
    ? value
    : JSON.stringify(value);
