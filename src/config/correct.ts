/**
 * Reads misspelt keys and kinds as what was probably meant, so that one slip does not hide what stands below it from
 * the other checks. The slip itself is always reported; nothing corrected is ever accepted as configuration.
 */
import { z } from 'zod';
import { kindSetting, kindsOf, unwrap, wordsOf } from './expectation.ts';
import type { Entry, Located, LocatedMapping } from './located.ts';
import { entryOf } from './located.ts';
import { nearWord } from './near-word.ts';

/** The entries of a mapping by the key that they stand for. */
export interface AssignedKeys {
  /** Entries of every known key, misspelt ones included where the right key is absent. */
  readonly meantBy: ReadonlyMap<string, readonly Entry[]>;
  /** Keys that no setting has, with the nearest one that exists. */
  readonly unknown: readonly { readonly entry: Entry; readonly near: string | null }[];
}

/** Sorts the entries of a mapping to the keys that exist. */
export function assignKeys(node: LocatedMapping, known: readonly string[]): AssignedKeys {
  const meantBy = new Map(known.map((key) => [key, node.entries.filter((entry) => entry.key === key)]));
  const free = known.filter((key) => meantBy.get(key)?.length === 0);
  const unknown = node.entries
    .filter((entry) => !meantBy.has(entry.key))
    .map((entry) => {
      const freeKey = nearWord(entry.key, free);
      if (freeKey !== null) meantBy.get(freeKey)?.push(entry);
      return { entry, near: freeKey ?? nearWord(entry.key, known) };
    });
  return { meantBy, unknown };
}

/** Which of several kinds a mapping is, as far as can be told. */
export interface ChosenKind {
  /** What says the kind; undefined when nothing does. */
  readonly entry: Entry | undefined;
  /** The settings of that kind, or of the nearest or only one; undefined when it cannot be guessed. */
  readonly option: z.ZodObject | undefined;
  /** The word of that option. */
  readonly kind: string | null;
  /** True when the word is one of the kinds, under whatever key. */
  readonly known: boolean;
}

/** Finds which kind a mapping is meant to be. */
export function chooseKind(schema: z.ZodDiscriminatedUnion, node: LocatedMapping): ChosenKind {
  const options = schema.options.filter((option) => option instanceof z.ZodObject);
  const kinds = kindsOf(schema);
  const settings = new Set(options.flatMap((option) => Object.keys(option.shape)));
  const entry =
    entryOf(node, 'kind') ?? node.entries.find(({ key }) => !settings.has(key) && nearWord(key, ['kind']) !== null);
  const word = entry?.node.type === 'scalar' ? String(entry.node.value) : '';
  const kind = kinds.includes(word)
    ? word
    : (nearWord(word, kinds) ?? (kinds.length === 1 ? (kinds[0] ?? null) : null));
  const option = options.find((candidate) => kind !== null && wordsOf(kindSetting(candidate)).includes(kind));
  return { entry, option, kind, known: kinds.includes(word) };
}

/** The tree with every misspelt key under the name that it was probably meant to have. */
export function corrected(setting: z.ZodType, node: Located): Located {
  const schema = unwrap(setting);
  if (schema instanceof z.ZodArray && node.type === 'list') {
    return { ...node, items: node.items.map((item) => corrected(schema.element as z.ZodType, item)) };
  }
  if (node.type !== 'mapping') return node;
  const shape = schema instanceof z.ZodDiscriminatedUnion ? chooseKind(schema, node).option : schema;
  if (!(shape instanceof z.ZodObject)) return node;
  const { meantBy, unknown } = assignKeys(node, Object.keys(shape.shape));
  const renamed = [...meantBy].flatMap(([key, entries]) =>
    entries.map((entry) => ({ ...entry, key, node: corrected(shape.shape[key] as z.ZodType, entry.node) })),
  );
  const moved = new Set(renamed.map(({ keyPlace }) => keyPlace));
  return {
    ...node,
    entries: [...renamed, ...unknown.map(({ entry }) => entry).filter(({ keyPlace }) => !moved.has(keyPlace))],
  };
}
