import type { VNode } from 'preact';
import type { DiskState, DiskStatus } from '../model/disk.ts';
import type { MoneyTotal } from '../status/snapshot.ts';
import { html } from './html.ts';
import { momentText } from './moment.ts';
import type { Picture } from './protocol.ts';
import { amountText, bytesText, countText, hoursText, shortAge } from './words.ts';

interface Props {
  readonly picture: Picture;
  readonly nowMs: number;
}

interface Tile {
  readonly title: string;
  readonly value: string;
  readonly note: VNode | string;
  /** Colours the value; the note says the same in words. */
  readonly tone?: 'blocked' | 'needs-attention';
}

/** The figures of the whole facility. */
export function Figures({ picture, nowMs }: Props) {
  const { destinations, channels, openCases } = picture;
  const oldest = Math.min(
    ...destinations.map(({ oldestWaitingAtMs }) => oldestWaitingAtMs ?? Number.POSITIVE_INFINITY),
  );
  const tiles: readonly Tile[] = [
    {
      title: 'In\u00a0/\u00a0min',
      value: countText(sum(channels, ({ receivedPerMinute }) => receivedPerMinute)),
      note: 'messages received',
    },
    {
      title: 'Out\u00a0/\u00a0min',
      value: countText(sum(destinations, ({ deliveredPerMinute }) => deliveredPerMinute)),
      note: 'events delivered',
    },
    {
      title: 'Waiting',
      value: countText(sum(destinations, ({ waiting }) => waiting)),
      note: Number.isFinite(oldest) ? `events, oldest ${shortAge(nowMs - oldest)}` : 'events',
    },
    moneyTile(destinations.flatMap(({ money }) => money.waiting)),
    {
      title: 'Needs a person',
      value: countText(openCases),
      note: openCases === 0 ? 'open exception cases' : html`<code>causeway exceptions list</code>`,
      ...(openCases > 0 ? { tone: 'needs-attention' as const } : {}),
    },
    storeTile(picture, nowMs),
  ];
  return html`<dl class="figures">
    ${tiles.map(
      ({ title, value, note, tone }) => html`<div class="panel tile">
        <dt>${title}</dt>
        <dd class=${`big ${tone ?? ''}`}>${value}</dd>
        <dd class="note">${note}</dd>
      </div>`,
    )}
  </dl>`;
}

const sum = <Row>(rows: readonly Row[], value: (row: Row) => number): number =>
  rows.reduce((total, row) => total + value(row), 0);

/** With one destination its total; several are listed per destination in the table, since the page never adds money. */
function moneyTile(waiting: readonly MoneyTotal[]): Tile {
  const some = waiting.filter(({ amount }) => /[1-9]/.test(amount));
  const [first] = some;
  if (first === undefined) return { title: 'Money waiting', value: '–', note: 'nothing owed to the ERP' };
  if (some.length > 1) return { title: 'Money waiting', value: `${some.length} totals`, note: 'see destinations' };
  return {
    title: 'Money waiting',
    value: amountText(first.amount),
    note: `${first.currency} not yet booked by the ERP`,
  };
}

function storeTile({ store, disk, facility }: Picture, nowMs: number): Tile {
  const { state, failedSinceMs, reason } = store;
  if (state === 'open') return diskTile(disk);
  const since =
    failedSinceMs === null ? '' : `since ${momentText(failedSinceMs, { nowMs, timezone: facility.timezone })}`;
  const note = `${since}${reason === null ? '' : ` · ${reason}`}`;
  return { title: 'Store', value: state === 'damaged' ? 'Damaged' : 'Failed', note, tone: 'blocked' };
}

const DISK_WORDS: Readonly<Record<DiskState, string>> = {
  plenty: 'Open',
  warn: 'Disk fills',
  refusing: 'Nearly full',
  paused: 'Full',
  'read-only': 'Read-only',
};

function diskTile({ state, freeBytes, hoursToFull }: DiskStatus): Tile {
  const forecast = hoursToFull === null ? '' : ` · full in ${hoursText(hoursToFull)}`;
  const tile = { title: 'Store', value: DISK_WORDS[state], note: `${bytesText(freeBytes)} free${forecast}` };
  if (state === 'plenty') return tile;
  return { ...tile, tone: state === 'warn' ? 'needs-attention' : 'blocked' };
}
