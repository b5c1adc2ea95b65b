import type { VNode } from 'preact';
import { html } from './html.ts';
import { momentText } from './moment.ts';
import { shortAge } from './words.ts';

export interface Column<Row> {
  readonly title: string;
  /** Right-aligned figures. */
  readonly isFigure?: boolean;
  cell(row: Row): VNode | string;
}

interface TableProps<Row> {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  /** First column: the row's header. */
  head(row: Row): VNode;
  readonly headTitle: string;
}

/**
 * A table that becomes cards on a narrow screen. The roles are written out because browsers drop a table's meaning when
 * its parts are laid out as blocks; each cell carries its column's title for the card.
 */
export function Table<Row extends { readonly id: string }>({
  id,
  title,
  rows,
  columns,
  head,
  headTitle,
}: TableProps<Row>) {
  return html`<section class="panel" aria-labelledby=${id}>
    <h2 id=${id}>${title} <span class="count">${rows.length}</span></h2>
    <table role="table" aria-labelledby=${id}>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">${headTitle}</th>
          ${columns.map(columnHead)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (row) => html`<tr role="row" key=${row.id}>
            <th role="rowheader" scope="row">${head(row)}</th>
            ${columns.map((column) => cellOf(column, row))}
          </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

const classOf = (column: { readonly isFigure?: boolean }): string => (column.isFigure === true ? 'figure' : '');

const columnHead = (column: { readonly title: string; readonly isFigure?: boolean }): VNode =>
  html`<th role="columnheader" scope="col" class=${classOf(column)}>${column.title}</th>`;

const cellOf = <Row>(column: Column<Row>, row: Row): VNode =>
  html`<td role="cell" class=${classOf(column)}>
    <span class="label" aria-hidden="true">${column.title}</span>
    <span class="value">${column.cell(row)}</span>
  </td>`;

interface AgoProps {
  readonly atMs: number | null;
  readonly nowMs: number;
  readonly timezone: string;
}

/** How long ago, with the moment in the facility's zone as its tooltip. */
export function Ago({ atMs, nowMs, timezone }: AgoProps) {
  if (atMs === null) return html`<span class="none">–</span>`;
  const moment = momentText(atMs, { nowMs, timezone });
  return html`<time datetime=${new Date(atMs).toISOString()} title=${moment}>${shortAge(nowMs - atMs)}</time>`;
}
