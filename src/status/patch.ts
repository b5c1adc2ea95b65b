/**
 * Differences between two pictures of the status, as sent to viewers; `src/ui/patch.ts` is the other half.
 *
 * A patch is close to a JSON merge patch (RFC 7396) with three differences that fit our closed shapes: null is a value
 * (nothing is ever removed from an object), a list of rows with an `id` is patched row by row through an object whose
 * members are the ids, and every other list is replaced as a whole.
 */

/** What JSON text can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** `none`: equal. `whole`: the shapes differ (a row came or went), so the value must be sent as a whole. */
export type Difference =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole' }
  | { readonly kind: 'patch'; readonly patch: Json };

const NONE: Difference = { kind: 'none' };
const WHOLE: Difference = { kind: 'whole' };

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !isList(value);

/** Row id → row, or null when the list is not one of rows with distinct ids. */
function rowsOf(list: readonly Json[]): Map<string, JsonObject> | null {
  const rows = new Map<string, JsonObject>();
  for (const item of list) {
    if (!isObject(item) || typeof item.id !== 'string' || rows.has(item.id)) return null;
    rows.set(item.id, item);
  }
  return rows;
}

function differenceOfMembers(before: Iterable<[string, Json]>, after: ReadonlyMap<string, Json>): Difference {
  const patch: [string, Json][] = [];
  let members = 0;
  for (const [key, old] of before) {
    const now = after.get(key);
    if (now === undefined) return WHOLE;
    members += 1;
    const difference = differenceOf(old, now);
    if (difference.kind === 'patch') patch.push([key, difference.patch]);
    // An object inside a patch is merged, so none can be sent as a whole there.
    else if (difference.kind === 'whole') return WHOLE;
  }
  if (members !== after.size) return WHOLE;
  return patch.length === 0 ? NONE : { kind: 'patch', patch: Object.fromEntries(patch) };
}

function differenceOfLists(before: readonly Json[], after: readonly Json[]): Difference {
  const [old, now] = [rowsOf(before), rowsOf(after)];
  const sameRows =
    old !== null && now !== null && old.size > 0 && [...old.keys()].join('\n') === [...now.keys()].join('\n');
  if (sameRows) {
    const difference = differenceOfMembers(old, now);
    if (difference.kind !== 'whole') return difference;
  }
  return JSON.stringify(before) === JSON.stringify(after) ? NONE : { kind: 'patch', patch: after };
}

/** What changed from `before` to `after`. */
export function differenceOf(before: Json, after: Json): Difference {
  if (isList(before) && isList(after)) return differenceOfLists(before, after);
  if (isObject(before) && isObject(after)) {
    return differenceOfMembers(Object.entries(before), new Map(Object.entries(after)));
  }
  if (before === after) return NONE;
  return isObject(after) ? WHOLE : { kind: 'patch', patch: after };
}
