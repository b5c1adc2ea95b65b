import type { ChannelStatus } from '../status/snapshot.ts';
import { html } from './html.ts';
import { StateMark } from './state-mark.ts';
import { Ago, type Column, Table } from './table.ts';
import { countText } from './words.ts';

/** Behind the address of a listener. */
const TRANSPORTS = { plain: '', tls: ' · TLS', 'mutual-tls': ' · mutual TLS' } as const;

interface Props {
  readonly channels: readonly ChannelStatus[];
  readonly nowMs: number;
  readonly timezone: string;
}

/** What comes in; the rows arrive worst first. */
export function ChannelTable({ channels, nowMs, timezone }: Props) {
  const columns: readonly Column<ChannelStatus>[] = [
    {
      title: 'State',
      cell: ({ state, text }) =>
        html`<span class="state-cell"><${StateMark} state=${state} /><span class="why">${text}</span></span>`,
    },
    {
      title: 'Last message',
      isFigure: true,
      cell: ({ lastMessageAtMs: atMs }) => html`<${Ago} ...${{ atMs, nowMs, timezone }} />`,
    },
    { title: 'In\u00a0/\u00a0min', isFigure: true, cell: ({ receivedPerMinute }) => countText(receivedPerMinute) },
    { title: 'Received', isFigure: true, cell: ({ totals }) => countText(totals.received) },
    { title: 'Duplicates', isFigure: true, cell: ({ totals }) => countText(totals.duplicate) },
    { title: 'Held ever', isFigure: true, cell: ({ totals }) => countText(totals.held) },
    { title: 'Rejected', isFigure: true, cell: ({ totals }) => countText(totals.rejected) },
  ];
  const head = ({ id, kind, address, peers }: ChannelStatus) =>
    html`<span class="name">${id}</span
      ><span class="sub">${kind}${address === null ? '' : ` · ${address}`}${TRANSPORTS[peers.transport]}</span>`;
  const names = { id: 'channels', title: 'Channels', headTitle: 'Channel' };
  return html`<${Table} ...${names} rows=${channels} columns=${columns} head=${head} />`;
}
