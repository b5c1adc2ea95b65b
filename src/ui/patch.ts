import type { Json } from '../status/patch.ts';

type JsonObject = { readonly [key: string]: Json };

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !isList(value);

/** The value after a patch of the rules in `src/status/patch.ts`. */
export function applyPatch(value: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  if (isList(value)) {
    return value.map((row) => {
      const id = isObject(row) ? row.id : undefined;
      const change = typeof id === 'string' && Object.hasOwn(patch, id) ? patch[id] : undefined;
      return change === undefined ? row : applyPatch(row, change);
    });
  }
  const members = isObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    members.map(([key, old]) => {
      const change = Object.hasOwn(patch, key) ? patch[key] : undefined;
      return [key, change === undefined ? old : applyPatch(old, change)];
    }),
  );
}
