/**
 * Names and data types of segments, fields and components, HL7 v2.1 to 2.8 (chapters 2 to 15, segment attribute tables;
 * ch. 2A, data types). For people who look at a message: nothing on the data path asks it. The files are made by
 * `npm run dictionary`; import this module where it is needed only, because it reads 200 KB.
 */
import segments from './dictionary/segments.json' with { type: 'json' };
import types from './dictionary/types.json' with { type: 'json' };

/** A field or component as one version names it. */
export interface DictionaryEntry {
  readonly name: string;
  /** Data type, e.g. `CX`. */
  readonly type: string;
}

interface Part {
  readonly name: string;
  /** By number, `FROM TYPE NAME` from the oldest version on; the type `-` says that it was withdrawn. */
  readonly parts: Readonly<Record<string, readonly string[]>>;
}

const SEGMENTS: Readonly<Record<string, Part>> = segments;
const TYPES: Readonly<Record<string, Part>> = types;

/** The versions that the files know. */
export const DICTIONARY_VERSIONS = ['2.1', '2.2', '2.3', '2.3.1', '2.4', '2.5', '2.5.1', '2.6', '2.7', '2.7.1', '2.8'];

/** What a message without version is taken for: the one that most senders write. */
const USUAL = '2.5.1';

/** The known version nearest below `version` (`2.9` → `2.8`); of none at all the usual one. */
export function nearestVersion(version: string): string {
  if (!/^\d{1,3}(?:\.\d{1,3}){0,3}$/.test(version)) return USUAL;
  return DICTIONARY_VERSIONS.findLast((known) => compareVersions(known, version) <= 0) ?? '2.1';
}

function compareVersions(left: string, right: string): number {
  const [lefts, rights] = [left.split('.').map(Number), right.split('.').map(Number)];
  for (let index = 0; index < 4; index += 1) {
    const difference = (lefts[index] ?? 0) - (rights[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `Patient Identification` for `PID`; null for a segment that no version has. */
export const segmentName = (segment: string): string | null => partNamed(SEGMENTS, segment)?.name ?? null;

/** A field as `version` (one of `DICTIONARY_VERSIONS`) names it, else as the version nearest to it does. */
export const fieldEntry = (segment: string, field: number, version: string): DictionaryEntry | null =>
  entryOf(partNamed(SEGMENTS, segment), field, version);

/** A component of a data type; null where the type has none. */
export const componentEntry = (type: string, component: number, version: string): DictionaryEntry | null =>
  entryOf(partNamed(TYPES, type), component, version);

const partNamed = (parts: Readonly<Record<string, Part>>, name: string): Part | undefined =>
  Object.hasOwn(parts, name) ? parts[name] : undefined;

function entryOf(part: Part | undefined, number: number, version: string): DictionaryEntry | null {
  const known = (part?.parts[number] ?? []).map(readVariant).filter(({ type }) => type !== '-');
  const found = known.findLast(({ from }) => compareVersions(from, version) <= 0) ?? known[0];
  return found === undefined ? null : { name: found.name, type: found.type };
}

function readVariant(text: string): DictionaryEntry & { readonly from: string } {
  const [from = '', type = '', ...words] = text.split(' ');
  return { from, type, name: words.join(' ') };
}
