/** Plain-text tables: columns as wide as their widest cell, two spaces between, no rules. */
import type { Colour, Terminal } from './terminal.ts';

/** A cell is text, or text with a colour (the width is that of the text). */
export type Cell = string | { readonly text: string; readonly colour: Colour };

/** Head of one column. */
export interface Column {
  readonly title: string;
  /** Numbers read better at the right edge. */
  readonly align?: 'right';
}

/** The lines of a table; a missing cell is empty. */
export function tableLines(
  terminal: Terminal,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...rows.map((row) => textOf(row[index] ?? '').length)),
  );
  const header = columns.map((column, index) => pad(column.title, widths[index] ?? 0, column));
  const body = rows.map((row) =>
    columns.map((column, index) => {
      const cell = row[index] ?? '';
      const padded = pad(textOf(cell), widths[index] ?? 0, column);
      return typeof cell === 'string' ? padded : terminal.paint(cell.colour, padded);
    }),
  );
  return [terminal.paint('dim', header.join('  ').trimEnd()), ...body.map((cells) => cells.join('  ').trimEnd())];
}

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

function pad(text: string, width: number, column: Column): string {
  return column.align === 'right' ? text.padStart(width) : text.padEnd(width);
}
