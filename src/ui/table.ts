import type { VNode } from 'preact';
import { formatMoment } from '../status/wording.ts';
import { html } from './html.ts';
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
          ${columns.map(({ title: name, isFigure }) => html`<th role="columnheader" scope="col" class=${isFigure ? 'figure' : ''}>${name}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (row) => html`<tr role="row" key=${row.id}>
            <th role="rowheader" scope="row">${head(row)}</th>
            ${columns.map(
              ({ title: name, isFigure, cell }) =>
                html`<td role="cell" class=${isFigure ? 'figure' : ''}><span class="label" aria-hidden="true">${name}</span><span class="value">${cell(row)}</span></td>`,
            )}
          </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

interface AgoProps {
  readonly atMs: number | null;
  readonly nowMs: number;
  readonly timezone: string;
}

/** How long ago, with the moment in the facility's zone as its tooltip. */
export function Ago({ atMs, nowMs, timezone }: AgoProps) {
  if (atMs === null) return html`<span class="none">–</span>`;
  const moment = formatMoment(atMs, { nowMs, timezone, withSeconds: true });
  return html`<time datetime=${new Date(atMs).toISOString()} title=${moment}>${shortAge(nowMs - atMs)}</time>`;
}
