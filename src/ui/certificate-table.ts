import type { CertificateStatus } from '../status/snapshot.ts';
import { html } from './html.ts';
import { momentText } from './moment.ts';
import { StateMark } from './state-mark.ts';
import { type Column, Table } from './table.ts';
import { shortAge } from './words.ts';

interface Props {
  readonly certificates: readonly CertificateStatus[];
  readonly nowMs: number;
  readonly timezone: string;
}

const ROLES = { own: 'certificate', authority: 'CA' } as const;

/** When certificates end, the first to end first; nothing where there are none. */
export function CertificateTable({ certificates, nowMs, timezone }: Props) {
  if (certificates.length === 0) return null;
  const columns: readonly Column<CertificateStatus>[] = [
    {
      title: 'State',
      cell: (row) =>
        html`<span class="state-cell"
          ><${StateMark} state=${isWell(row) ? 'flowing' : 'needs-attention'} /><span class="why"
            >${stateText(row)}</span
          ></span
        >`,
    },
    { title: 'For', cell: ({ name, role }) => html`<span>${name} (${ROLES[role]})</span>` },
    {
      title: 'Ends',
      isFigure: true,
      cell: ({ notAfterMs }) =>
        html`<time datetime=${new Date(notAfterMs).toISOString()} title=${momentText(notAfterMs, { nowMs, timezone })}
          >${notAfterMs > nowMs ? `in ${shortAge(notAfterMs - nowMs)}` : `${shortAge(nowMs - notAfterMs)} ago`}</time
        >`,
    },
  ];
  const head = ({ owner }: CertificateStatus) => html`<span class="name">${owner}</span>`;
  const names = { id: 'certificates', title: 'Certificates', headTitle: 'Of' };
  return html`<${Table} ...${names} rows=${certificates} columns=${columns} head=${head} />`;
}

const isWell = ({ urgency, trouble }: CertificateStatus): boolean => urgency === null && trouble === null;

function stateText({ urgency, trouble }: CertificateStatus): string {
  if (trouble !== null) return `New files cannot be used: ${trouble} The ones before stay in use.`;
  if (urgency === 'ended') return 'Not valid at this time.';
  return urgency === null ? 'Valid.' : `Ends within ${urgency === 1 ? 'a day' : `${urgency} days`}.`;
}
