import type { DestinationStatus } from '../status/snapshot.ts';
import { html } from './html.ts';
import { StateMark } from './state-mark.ts';
import { Ago, type Column, Table } from './table.ts';
import { countText, moneyTexts, shortAge } from './words.ts';

interface Props {
  readonly destinations: readonly DestinationStatus[];
  readonly nowMs: number;
  readonly timezone: string;
}

/** What goes out; the rows arrive worst first. */
export function DestinationTable({ destinations, nowMs, timezone }: Props) {
  const columns: readonly Column<DestinationStatus>[] = [
    { title: 'State', cell: (row) => stateCell(row, nowMs) },
    {
      title: 'Last delivered',
      isFigure: true,
      cell: ({ lastDeliveredAtMs: atMs }) => html`<${Ago} ...${{ atMs, nowMs, timezone }} />`,
    },
    { title: 'Out\u00a0/\u00a0min', isFigure: true, cell: ({ deliveredPerMinute }) => countText(deliveredPerMinute) },
    { title: 'Waiting', isFigure: true, cell: ({ waiting }) => countText(waiting) },
    {
      title: 'Oldest',
      isFigure: true,
      cell: ({ oldestWaitingAtMs: atMs }) => html`<${Ago} ...${{ atMs, nowMs, timezone }} />`,
    },
    { title: 'Held events', isFigure: true, cell: ({ held }) => countText(held) },
    { title: 'Set aside', isFigure: true, cell: ({ dead }) => countText(dead) },
    {
      title: 'Money waiting',
      isFigure: true,
      cell: ({ money }) => moneyTexts(money.waiting) ?? html`<span class="none">–</span>`,
    },
  ];
  const head = ({ id, kind }: DestinationStatus) =>
    html`<span class="name">${id}</span><span class="sub">${kind}</span>`;
  const names = { id: 'destinations', title: 'Destinations', headTitle: 'Destination' };
  return html`<${Table} ...${names} rows=${destinations} columns=${columns} head=${head} />`;
}

function stateCell({ state, text, circuit, nextAttemptAtMs }: DestinationStatus, nowMs: number) {
  const isCounting = circuit === 'open' && nextAttemptAtMs !== null && nextAttemptAtMs > nowMs;
  const next = isCounting ? ` Next try in ${shortAge(nextAttemptAtMs - nowMs)}.` : '';
  return html`<span class="state-cell"><${StateMark} state=${state} /><span class="why">${text}${next}</span></span>`;
}
