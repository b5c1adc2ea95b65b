/**
 * Compares the configuration as written with the settings that exist. Finds every problem at once: a wrong or unknown
 * part never hides another one, and a misspelt key or kind is taken for the word that was probably meant, so that what
 * stands below it is checked too.
 */
import { z } from 'zod';
import type { ConfigProblem, Place } from './config-problem.ts';
import { either, meant, pathText } from './config-problem.ts';
import { type AssignedKeys, assignKeys, chooseKind } from './correct.ts';
import { expectationOf, foundText, kindsOf, unwrap, wordsOf } from './expectation.ts';
import type { Located, LocatedMapping } from './located.ts';
import { nodeAt, plain } from './located.ts';
import { nearWord } from './near-word.ts';
import { vocabularies } from './schema.ts';

/** Settings whose values may be secrets, whatever somebody wrote there: never shown. */
const SECRET_SETTINGS: ReadonlySet<string> = new Set(['authorization', 'headers']);

/** Unknown keys that a person is told the known ones for; a longer list helps nobody. */
const KEYS_TOLD_MAX = 16;

interface Visit {
  readonly schema: z.ZodType;
  readonly node: Located;
  readonly path: readonly string[];
  /** Where a missing key is reported: the key above the mapping, or its beginning. */
  readonly home: Place;
  /** True below a setting that may hold a secret. */
  readonly secret: boolean;
  /** Collects what was found, in any order. */
  readonly problems: ConfigProblem[];
}

/** `value` is undefined when anything inside is wrong. */
type Checked = { readonly ok: true; readonly value: unknown } | { readonly ok: false };

const WRONG: Checked = { ok: false };

/** Everything that differs from `schema`, in any order; empty when the tree can be parsed by it. */
export function checkAgainst(schema: z.ZodType, root: Located): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  check({ schema, node: root, path: [], home: root.place, secret: false, problems });
  return problems;
}

function check(visit: Visit): Checked {
  const schema = unwrap(visit.schema);
  const inner = { ...visit, schema };
  if (schema instanceof z.ZodObject) return checkMapping(inner, schema);
  if (schema instanceof z.ZodDiscriminatedUnion) return checkKinds(inner, schema);
  if (schema instanceof z.ZodUnion) return checkShapes(inner, schema);
  if (schema instanceof z.ZodArray) return checkList(inner, schema);
  if (schema instanceof z.ZodRecord) return checkRecord(inner, schema);
  return checkValue(inner);
}

function checkMapping(visit: Visit, schema: z.ZodObject): Checked {
  const { node } = visit;
  if (node.type !== 'mapping') return wrong(visit, expectationOf(schema));
  const right: Record<string, unknown> = {};
  const { meantBy, unknown } = assignKeys(node, Object.keys(schema.shape));
  for (const { entry, near } of unknown) reportUnknownKey(visit, schema, { entry, near });
  let ok = unknown.length === 0;
  for (const [key, setting] of Object.entries(schema.shape) as [string, z.ZodType][]) {
    const entries = meantBy.get(key) ?? [];
    if (entries.length === 0) {
      const absent = setting.safeParse(undefined);
      if (!absent.success)
        report(visit, visit.home, [...visit.path, key], `is missing; expected ${expectationOf(setting)}`);
      else if (absent.data !== undefined) right[key] = absent.data;
      ok &&= absent.success;
    }
    for (const entry of entries) {
      const secret = visit.secret || SECRET_SETTINGS.has(key);
      const path = [...visit.path, entry.key];
      const checked = check({ ...visit, schema: setting, node: entry.node, path, home: entry.keyPlace, secret });
      if (checked.ok && !Object.hasOwn(right, key)) right[key] = checked.value;
      ok &&= checked.ok;
    }
  }
  return checkWhole(visit, right, ok);
}

function reportUnknownKey(visit: Visit, schema: z.ZodObject, { entry, near }: AssignedKeys['unknown'][number]): void {
  const known = Object.keys(schema.shape);
  const word = near ?? keyOfChild(schema, entry.key);
  const hint = word === null && known.length <= KEYS_TOLD_MAX ? `; expected ${either(known)}` : meant(word);
  report(visit, entry.keyPlace, [...visit.path, entry.key], `unknown key${hint}`);
}

/** `batch.maxEvents` for a `maxEvents` that stands one level too high. */
function keyOfChild(schema: z.ZodObject, key: string): string | null {
  for (const [name, child] of Object.entries(schema.shape)) {
    const inner = unwrap(child as z.ZodType);
    if (inner instanceof z.ZodObject && Object.hasOwn(inner.shape, key)) return `${name}.${key}`;
  }
  return null;
}

/** Runs the checks of a mapping or list as a whole; they see only what is right by itself. */
function checkWhole(visit: Visit, value: unknown, partsOk: boolean): Checked {
  const issues: z.core.$ZodRawIssue[] = [];
  for (const rule of visit.schema.def.checks ?? []) {
    try {
      (rule as z.core.$ZodCheck<unknown>)._zod.check({ value, issues });
    } catch (error) {
      // Half of a mapping may be too little for a rule: it is heard once the rest is right.
      if (partsOk) throw error;
    }
  }
  for (const issue of issues) {
    const at = nodeAt(visit.node, issue.path ?? []) ?? visit.node;
    const path = [...visit.path, ...(issue.path ?? []).map(String)];
    const text = issue.message?.startsWith('expected ') === true ? issue.message : `expected ${lengthText(issue)}`;
    report(visit, at.place, path, `${text}${found({ ...visit, node: at })}`);
  }
  return partsOk && issues.length === 0 ? { ok: true, value } : WRONG;
}

function lengthText(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'too_small') return `at least ${String(issue.minimum)} item${issue.minimum === 1 ? '' : 's'}`;
  return issue.code === 'too_big' ? `at most ${String(issue.maximum)} items` : 'another value';
}

/** A mapping whose `kind` says which settings it has. An unknown kind is checked as the nearest, or the only one. */
function checkKinds(visit: Visit, schema: z.ZodDiscriminatedUnion): Checked {
  const { node } = visit;
  if (node.type !== 'mapping') return wrong(visit, expectationOf(schema));
  const { entry, option, kind, known } = chooseKind(schema, node);
  if (option !== undefined && known) return checkMapping({ ...visit, schema: option }, option);

  const path = [...visit.path, entry?.key ?? 'kind'];
  const kinds = kindsOf(schema);
  if (entry === undefined) report(visit, visit.home, path, `is missing; expected ${either(kinds)}`);
  else {
    const word = entry.node.type === 'scalar' ? String(entry.node.value) : '';
    wrong({ ...visit, node: entry.node, path }, either(kinds), nearWord(word, kinds));
    if (entry.key !== 'kind') report(visit, entry.keyPlace, path, `unknown key${meant('kind')}`);
  }
  if (option !== undefined) {
    const others = node.entries.filter((candidate) => candidate !== entry);
    const right: Located = { type: 'scalar', place: node.place, value: kind };
    const assumed: LocatedMapping = {
      ...node,
      entries: [{ key: 'kind', keyPlace: node.place, node: right }, ...others],
    };
    checkMapping({ ...visit, schema: option, node: assumed }, option);
  }
  return WRONG;
}

/** One of several mappings without a `kind`: the one that shares most keys with what is written. */
function checkShapes(visit: Visit, schema: z.ZodUnion): Checked {
  const { node } = visit;
  const words = schema.options.filter((option) => option instanceof z.ZodLiteral);
  if (node.type === 'scalar' && words.some((word) => word.safeParse(node.value).success))
    return { ok: true, value: node.value };
  const options = schema.options.filter((option) => option instanceof z.ZodObject);
  const shared = (option: z.ZodObject) =>
    node.type === 'mapping'
      ? node.entries.filter(({ key }) => nearWord(key, Object.keys(option.shape)) !== null).length
      : 0;
  const best = options.toSorted((left, right) => shared(right) - shared(left))[0];
  if (best === undefined || shared(best) === 0) return wrong(visit, expectationOf(schema));
  return checkMapping({ ...visit, schema: best }, best);
}

function checkList(visit: Visit, schema: z.ZodArray): Checked {
  const { node } = visit;
  if (node.type !== 'list') return wrong(visit, expectationOf(schema));
  const element = schema.element as z.ZodType;
  const items = node.items.map((item, index) =>
    check({ ...visit, schema: element, node: item, path: [...visit.path, `${index}`], home: item.place }),
  );
  const value = items.map((item) => (item.ok ? item.value : undefined));
  return checkWhole(
    visit,
    value,
    items.every(({ ok }) => ok),
  );
}

function checkRecord(visit: Visit, schema: z.ZodRecord): Checked {
  const { node } = visit;
  if (node.type !== 'mapping') return wrong(visit, expectationOf(schema));
  let ok = true;
  for (const entry of node.entries) {
    const keyNode: Located = { type: 'scalar', place: entry.keyPlace, value: entry.key };
    const keyOk = check({ ...visit, schema: schema.keyType as z.ZodType, node: keyNode }).ok;
    const path = [...visit.path, entry.key];
    ok = check({ ...visit, schema: schema.valueType as z.ZodType, node: entry.node, path }).ok && keyOk && ok;
  }
  return ok ? { ok: true, value: plain(node) } : WRONG;
}

function checkValue(visit: Visit): Checked {
  const { schema, node } = visit;
  const parsed = schema.safeParse(plain(node));
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  const expected = saidExpectation(issue) ?? expectationOf(schema);
  const words = wordsOf(schema).length > 0 ? wordsOf(schema) : vocabularies.get(schema)?.words();
  const word =
    node.type === 'scalar' && typeof node.value === 'string' && words !== undefined
      ? nearWord(node.value, words)
      : null;
  return wrong(visit, expected, word);
}

/** The words that the setting itself has for this: a message that starts with "expected". */
function saidExpectation(issue: z.core.$ZodIssue | undefined): string | null {
  if (issue?.message.startsWith('expected ') === true) return issue.message.slice('expected '.length);
  return issue?.code === 'invalid_format' && issue.format === 'regex' ? `text of the form ${issue.pattern}` : null;
}

function wrong(visit: Visit, expected: string, near: string | null = null): Checked {
  report(
    visit,
    visit.node.place,
    visit.path,
    `expected ${expected}${found(visit)}${meant(visit.secret ? null : near)}`,
  );
  return WRONG;
}

/** `, found …`; a text that looks like a number, or the other way round, comes with the cure. */
function found({ node, schema, secret }: Visit): string {
  if (secret) return ' (what was found is not shown, it may be a secret)';
  const value = node.type === 'scalar' ? node.value : null;
  const isText = schema instanceof z.ZodString;
  if (isText && value !== null && typeof value !== 'string') return `, found ${foundText(node)} (write it in quotes)`;
  const isQuotedNumber = schema instanceof z.ZodNumber && typeof value === 'string' && /^\d+$/.test(value);
  return isQuotedNumber
    ? `, found the text ${foundText(node)} (write it without quotes)`
    : `, found ${foundText(node)}`;
}

function report(visit: Visit, place: Place, path: readonly string[], text: string): void {
  visit.problems.push({ ...place, path: pathText(path), text });
}
