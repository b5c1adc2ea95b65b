/**
 * The configuration as it was written: plain values that remember their place, free of the YAML library. Reading turns
 * files into one such tree; the checks walk it, so that every problem can say where it is.
 */
import type { Place } from './config-problem.ts';

/** A value of the YAML core schema. */
export type Scalar = string | number | boolean | null;

/** One key and its value. */
export interface Entry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly node: Located;
}

/** Keys and values. */
export interface LocatedMapping {
  readonly type: 'mapping';
  readonly place: Place;
  /** In the order written. A key that stands twice is here twice: both values are checked, the first one counts. */
  readonly entries: readonly Entry[];
}

/** Values in a row. */
export interface LocatedList {
  readonly type: 'list';
  readonly place: Place;
  readonly items: readonly Located[];
}

/** One value; null where nothing is written. */
export interface LocatedScalar {
  readonly type: 'scalar';
  readonly place: Place;
  readonly value: Scalar;
}

/** Any part of the tree. */
export type Located = LocatedMapping | LocatedList | LocatedScalar;

/** The first entry of that key. */
export function entryOf(node: Located | undefined, key: string): Entry | undefined {
  return node?.type === 'mapping' ? node.entries.find((entry) => entry.key === key) : undefined;
}

/** Follows keys and list positions; undefined where the tree has nothing there. */
export function nodeAt(node: Located | undefined, path: readonly PropertyKey[]): Located | undefined {
  let current = node;
  for (const step of path) {
    current = current?.type === 'list' ? current.items[Number(step)] : entryOf(current, String(step))?.node;
  }
  return current;
}

/** The items of a list, or none when there is no list at that path. */
export function itemsAt(node: Located | undefined, path: readonly PropertyKey[]): readonly Located[] {
  const found = nodeAt(node, path);
  return found?.type === 'list' ? found.items : [];
}

/** The scalar at that path, or undefined. */
export function scalarAt(node: Located | undefined, path: readonly PropertyKey[]): LocatedScalar | undefined {
  const found = nodeAt(node, path);
  return found?.type === 'scalar' ? found : undefined;
}

/** The scalar at that path when it is a text. */
export function textAt(node: Located | undefined, path: readonly PropertyKey[]): string | undefined {
  const value = scalarAt(node, path)?.value;
  return typeof value === 'string' ? value : undefined;
}

/** The bare value. `Object.fromEntries` defines own properties, so a `__proto__` key stays an ordinary unknown key. */
export function plain(node: Located): unknown {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'list') return node.items.map(plain);
  return Object.fromEntries(node.entries.toReversed().map((entry) => [entry.key, plain(entry.node)]));
}
