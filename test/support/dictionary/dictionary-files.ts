/**
 * The names of segments, fields and components of HL7 v2 as small JSON files, made of the package `hl7v2-dictionary`,
 * which costs 350 MB of memory to import and is therefore no part of the running product.
 */
import { dictionaries } from 'hl7v2-dictionary';

/** One file as it must stand in the repository. */
export interface DictionaryFile {
  readonly path: string;
  readonly text: string;
}

interface Definition {
  readonly desc?: string;
  readonly fields?: Readonly<Record<string, { readonly type: string; readonly desc?: string }>>;
}

/** What one place is called from a version on: `2.3 CX Patient Identifier List`, `2.7 -` where it was withdrawn. */
type Variants = string[];

interface Part {
  readonly name: string;
  readonly parts: Readonly<Record<string, Variants>>;
}

/** In the order of the standard. */
export const VERSIONS = Object.keys(dictionaries);
const BY_VERSION = Object.values(dictionaries);

/** Both files: segments with their fields, data types with their components. */
export function dictionaryFiles(): readonly DictionaryFile[] {
  return (['segments', 'types'] as const).map((part) => ({
    path: `src/hl7/dictionary/${part}.json`,
    text: fileText(part),
  }));
}

function fileText(part: 'segments' | 'types'): string {
  const names = new Set(BY_VERSION.flatMap((version) => Object.keys(version[part])));
  const lines = [...names]
    .sort()
    .map((name) => [name, partOf(BY_VERSION.map((version) => version[part][name]))] as const)
    .filter(([, { parts }]) => Object.keys(parts).length > 0)
    .map(([name, entry]) => `${JSON.stringify(name)}: ${JSON.stringify(entry)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** `definitions` in the order of `VERSIONS`; undefined where the version does not have it. */
function partOf(definitions: readonly (Definition | undefined)[]): Part {
  const numbers = new Set(definitions.flatMap((definition) => Object.keys(definition?.fields ?? {}).map(Number)));
  const named = definitions.findLast((definition) => definition?.desc !== undefined);
  const parts = [...numbers]
    .sort((left, right) => left - right)
    .map((number) => [number, variantsOf(definitions, number)] as const);
  return { name: clean(named?.desc ?? ''), parts: Object.fromEntries(parts) };
}

function variantsOf(definitions: readonly (Definition | undefined)[], number: number): Variants {
  const variants: { from: string; type: string; name: string }[] = [];
  for (const [index, definition] of definitions.entries()) {
    const from = VERSIONS[index] ?? '';
    if (definition === undefined) continue;
    const field = definition.fields?.[number];
    const last = variants.at(-1);
    if (field === undefined) {
      if (last !== undefined && last.type !== '-') variants.push({ from, type: '-', name: '' });
      continue;
    }
    const name = clean(field.desc ?? '');
    // Versions differ in capitals and hyphens: the newest spelling serves all of them.
    if (last?.type === field.type && plain(last.name) === plain(name)) last.name = name;
    else variants.push({ from, type: field.type, name });
  }
  return variants.map(({ from, type, name }) => `${from} ${type} ${name}`.trim());
}

const clean = (text: string): string => text.replace(/\s+/g, ' ').trim();
const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '');
