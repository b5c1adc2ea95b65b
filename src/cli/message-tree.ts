/** The tree of a message as lines for a terminal. What could steer a terminal becomes a blank. */
import type { ShownMessage, ShownNode } from '../viewer/tree.ts';
import type { Terminal } from './terminal.ts';
import { printable } from './wording.ts';

/** Longest value on a line, in characters; `--json` has more. */
const VALUE_MAX = 400;
const NAME_MAX = 48;

/** Segment by segment: path, name, value. */
export function treeLines(shown: ShownMessage, terminal: Terminal): readonly string[] {
  const rows = shown.segments.flatMap(({ path, name, fields }) => [
    { path, name: name ?? '', value: null, depth: 0 },
    ...fields.flatMap((field) => rowsOf(field, 1)),
  ]);
  const width = Math.max(0, ...rows.map(({ path, depth }) => path.length + 2 * depth));
  const nameWidth = Math.min(NAME_MAX, Math.max(0, ...rows.map(({ name }) => name.length)));
  const charset = shown.charset.declared === '' ? '' : ` (MSH-18 ${printable(shown.charset.declared, 60)})`;
  const flags = shown.flags.length === 0 ? '' : `, ${shown.flags.join(', ')}`;
  const assumed = shown.dictionary === shown.version ? '' : `, names of ${shown.dictionary}`;
  return [
    `${printable(shown.type, 60)} version ${printable(shown.version, 20)}${assumed}, ` +
      `${shown.charset.used}${charset}${flags}`,
    ...rows.map(({ path, name, value, depth }) => {
      const place = `${' '.repeat(2 * depth)}${printable(path, 60)}`.padEnd(width);
      const label = printable(name, NAME_MAX);
      if (depth === 0) return terminal.paint('bold', `${place}  ${label}`.trimEnd());
      const named = terminal.paint('dim', label.padEnd(nameWidth));
      return value === null ? `${place}  ${named}`.trimEnd() : `${place}  ${named}  ${printable(value, VALUE_MAX)}`;
    }),
    ...(shown.cut ? ['… and more: the message is too long to be shown whole.'] : []),
  ];
}

interface Row {
  readonly path: string;
  readonly name: string;
  readonly value: string | null;
  readonly depth: number;
}

function rowsOf(node: ShownNode, depth: number): readonly Row[] {
  const { path, value, parts } = node;
  const type = node.type === null || node.type === '' ? '' : ` (${node.type})`;
  const own = { path, name: node.name === null ? '' : `${node.name}${depth === 1 ? type : ''}`, value, depth };
  return [own, ...parts.flatMap((part) => rowsOf(part, depth + 1))];
}

/** Values that were asked for by path; absent, empty and HL7 null are three different things. */
export function pathLines(
  values: readonly (readonly [path: string, value: string | undefined])[],
  terminal: Terminal,
): readonly string[] {
  const width = Math.max(...values.map(([path]) => path.length));
  return values.map(([path, value]) => {
    const text =
      value === undefined ? terminal.paint('dim', '(absent)') : value === '' ? terminal.paint('dim', '(empty)') : value;
    return `${path.padEnd(width)}  ${value === undefined || value === '' ? text : printable(text, VALUE_MAX)}`;
  });
}
