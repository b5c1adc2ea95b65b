import type { CertificateStatus, FlowState } from '../status/snapshot.ts';
import { html } from './html.ts';
import { momentText } from './moment.ts';
import { StateShape } from './state-mark.ts';
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
      cell: (row) => {
        const { state, word, why } = shownState(row);
        const mark = html`<span class=${`state ${state}`}
          ><${StateShape} state=${state} /> <span class="word">${word}</span></span
        >`;
        const more = why === '' ? null : html`<span class="why">${why}</span>`;
        return html`<span class="state-cell">${mark}${more}</span>`;
      },
    },
    {
      title: 'Ends',
      isFigure: true,
      cell: ({ notAfterMs }) =>
        html`<time datetime=${new Date(notAfterMs).toISOString()} title=${momentText(notAfterMs, { nowMs, timezone })}
          >${notAfterMs > nowMs ? `in ${shortAge(notAfterMs - nowMs)}` : `${shortAge(nowMs - notAfterMs)} ago`}</time
        >`,
    },
  ];
  const head = ({ owner, name, role }: CertificateStatus) =>
    html`<span class="name">${owner}</span><span class="sub">${ROLES[role]} · ${name}</span>`;
  const names = { id: 'certificates', title: 'Certificates', headTitle: 'Certificate' };
  return html`<${Table} ...${names} rows=${certificates} columns=${columns} head=${head} />`;
}

/** Shape and colour are those of the states of channels; the word is its own. */
function shownState({ urgency, trouble }: CertificateStatus): { state: FlowState; word: string; why: string } {
  const state = 'needs-attention';
  if (trouble !== null)
    return { state, word: 'New files cannot be used', why: `${trouble} The ones before stay in use.` };
  if (urgency === 'ended') return { state, word: 'Not valid at this time', why: '' };
  if (urgency === null) return { state: 'flowing', word: 'Valid', why: '' };
  return { state, word: `Ends within ${urgency === 1 ? 'a day' : `${urgency} days`}`, why: '' };
}
