/** Fields that the profile of a channel requires (`profile.required`) beyond what events need. */
import type { Hl7Message, Hl7Segment } from '../hl7/message.ts';
import { readPath } from '../hl7/path.ts';
import type { Problem } from '../model/problem.ts';
import type { ChannelProfile } from './profile.ts';

/**
 * A problem `required` for each field that the profile names for this type of message and that has no value. Of a
 * segment that repeats each one is looked at; HL7 null is no value. `except`: the segment whose lines are judged one by
 * one with `requiredInLine`.
 */
export function requiredProblems(message: Hl7Message, profile: ChannelProfile, except: string | null): Problem[] {
  const problems: Problem[] = [];
  for (const [path, type] of requirementsOf(message, profile)) {
    const name = path.slice(0, 3);
    if (name === except) continue;
    const segments = message.segments(name);
    if (segments.length === 0) problems.push(missing(path, type));
    for (const [index, segment] of segments.entries()) {
      if (!hasValue(segment, path)) problems.push(missing(index === 0 ? path : placed(path, index + 1), type));
    }
  }
  return problems;
}

/** The same for one segment; `place` is its name in problems, e.g. `FT1[2]`. */
export function requiredInLine(
  message: Hl7Message,
  profile: ChannelProfile,
  line: { readonly segment: Hl7Segment; readonly place: string },
): Problem[] {
  const problems: Problem[] = [];
  for (const [path, type] of requirementsOf(message, profile)) {
    const isOfLine = path.slice(0, 3) === line.segment.name;
    if (isOfLine && !hasValue(line.segment, path)) problems.push(missing(line.place + path.slice(3), type));
  }
  return problems;
}

/** Each path once, with the key of the profile that asks for it. */
function requirementsOf(message: Hl7Message, { required }: ChannelProfile): ReadonlyMap<string, string> {
  const { messageType } = message;
  const paths = new Map<string, string>();
  for (const type of ['*', `${messageType.slice(0, 3)}^*`, messageType]) {
    if (!Object.hasOwn(required, type)) continue;
    for (const path of required[type] ?? []) if (!paths.has(path)) paths.set(path, type);
  }
  return paths;
}

const placed = (path: string, occurrence: number): string => `${path.slice(0, 3)}[${occurrence}]${path.slice(3)}`;

const missing = (path: string, type: string): Problem => ({
  code: 'required',
  path,
  text: `Expected a value: the profile of the channel requires it in ${type === '*' ? 'every message' : type}.`,
});

/**
 * Whether a place of a segment has a value, in any of its repetitions; a path of the segment alone asks nothing more.
 * Of a path without component any component counts.
 */
export function hasValue(segment: Hl7Segment, path: string): boolean {
  const place = readPath(path);
  if (place === null || place.field === null) return true;
  const { field, component } = place;
  // Nearly always so, and far cheaper than to walk over repetitions.
  if (isValue(segment.value(field, component ?? 1))) return true;
  const count = segment.repetitions(field);
  for (let repetition = 1; repetition <= count; repetition += 1) {
    if (component !== null) {
      if (isValue(segment.value(field, component, 1, repetition))) return true;
      continue;
    }
    for (let part = 1; ; part += 1) {
      const value = segment.value(field, part, 1, repetition);
      if (value === undefined) break;
      if (isValue(value)) return true;
    }
  }
  return false;
}

const isValue = (value: string | undefined): boolean =>
  value !== undefined && value !== '' && value !== '""' && value.trim() !== '';
