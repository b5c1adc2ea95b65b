import type { Connection } from './connection.ts';
import { html } from './html.ts';
import { momentText } from './moment.ts';

interface Props {
  readonly connection: Connection;
}

/** Facility, its local time, and whether the figures are live. */
export function Header({ connection }: Props) {
  const facility = connection.picture.value?.facility;
  const style = { nowMs: connection.nowMs.value, timezone: facility?.timezone ?? 'UTC' };
  const clock = html`<span class="clock">${momentText(style.nowMs, style)}</span>`;
  return html`<header>
    <svg class="logo" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M5 12h22M8 12v11M24 12v11M16 12v11M8 17a4 4 0 0 1 8 0M16 17a4 4 0 0 1 8 0" />
    </svg>
    <div class="title">
      <h1>${facility?.name ?? 'Causeway'}</h1>
      <p>Causeway status ${facility === undefined ? null : html`· ${clock} ${zoneText(style.timezone)}`}</p>
    </div>
    <p class=${`link ${connection.link.value}`}>${linkText(connection, style)}</p>
  </header>`;
}

/** Version, start, and where programs read the same figures. */
export function Footer({ connection }: Props) {
  const picture = connection.picture.value;
  if (picture === null) return null;
  const { timezone } = picture.facility;
  const started = momentText(picture.startedAtMs, { nowMs: connection.nowMs.value, timezone });
  const facts = [
    `Causeway ${picture.version}`,
    `started ${started}`,
    `all times in ${zoneText(timezone)}`,
    'this page shows no patient data',
  ];
  return html`<footer>
    <p>${facts.join(' · ')}</p>
    <nav aria-label="Machine-readable"><a href="/v1/status">Status as JSON</a> <a href="/metrics">Metrics</a></nav>
  </footer>`;
}

type Style = Parameters<typeof momentText>[1];

function linkText({ link, asOfMs }: Connection, style: Style): string {
  switch (link.value) {
    case 'live':
      return 'Live';
    case 'connecting':
      return 'Connecting';
    case 'reconnecting':
      return `Reconnecting – figures from ${momentText(asOfMs.value, style)}`;
  }
}

/** `America/New York` */
const zoneText = (timezone: string): string => timezone.replaceAll('_', ' ');
