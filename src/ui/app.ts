/** The status page: one verdict, the figures, channels and destinations worst first. Read-only, no patient data. */
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import '@preact/signals';
import { formatMoment } from '../status/wording.ts';
import { ChannelTable } from './channel-table.ts';
import { type Connection, connect } from './connection.ts';
import { DestinationTable } from './destination-table.ts';
import { Figures } from './figures.ts';
import { html } from './html.ts';
import { VerdictBanner } from './verdict.ts';
import { STATE_WORDS } from './words.ts';

interface Props {
  readonly connection: Connection;
}

function App({ connection }: Props) {
  const picture = connection.picture.value;
  const nowMs = connection.nowMs.value;
  useEffect(() => {
    if (picture !== null)
      document.title = `${STATE_WORDS[picture.verdict.state]} – ${picture.facility.name} – Causeway`;
  }, [picture]);
  if (picture === null) {
    return html`<${Header} connection=${connection} /><main><p class="starting">Reading the status of the appliance…</p></main>`;
  }
  const { timezone } = picture.facility;
  return html`<${Header} connection=${connection} />
    <main class=${connection.link.value === 'live' ? '' : 'stale'}>
      <${VerdictBanner} verdict=${picture.verdict} />
      <${Figures} picture=${picture} nowMs=${nowMs} />
      <${DestinationTable} destinations=${picture.destinations} nowMs=${nowMs} timezone=${timezone} />
      <${ChannelTable} channels=${picture.channels} nowMs=${nowMs} timezone=${timezone} />
    </main>
    <${Footer} connection=${connection} />`;
}

function Header({ connection }: Props) {
  const picture = connection.picture.value;
  const style = { nowMs: connection.nowMs.value, timezone: picture?.facility.timezone ?? 'UTC', withSeconds: true };
  return html`<header>
    <svg class="logo" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M5 12h22M8 12v11M24 12v11M16 12v11M8 17a4 4 0 0 1 8 0M16 17a4 4 0 0 1 8 0" />
    </svg>
    <div class="title">
      <h1>${picture?.facility.name ?? 'Causeway'}</h1>
      <p>Causeway status${picture === null ? '' : html` · <span class="clock">${formatMoment(style.nowMs, style)}</span> ${timezoneName(style.timezone)}`}</p>
    </div>
    <p class=${`link ${connection.link.value}`}>${linkText(connection, style)}</p>
  </header>`;
}

function linkText(
  { link, asOfMs }: Connection,
  style: { readonly nowMs: number; readonly timezone: string; readonly withSeconds: boolean },
): string {
  switch (link.value) {
    case 'live':
      return 'Live';
    case 'connecting':
      return 'Connecting';
    case 'reconnecting':
      return `Reconnecting – figures from ${formatMoment(asOfMs.value, style)}`;
  }
}

/** `America/Chicago` as people write it. */
const timezoneName = (timezone: string): string => timezone.replaceAll('_', ' ');

function Footer({ connection }: Props) {
  const picture = connection.picture.value;
  if (picture === null) return null;
  const { timezone } = picture.facility;
  const started = formatMoment(picture.startedAtMs, { nowMs: connection.nowMs.value, timezone });
  return html`<footer>
    <p>Causeway ${picture.version} · started ${started} · all times in ${timezoneName(timezone)} · this page shows no patient data</p>
    <nav aria-label="Machine-readable"><a href="/v1/status">Status as JSON</a> <a href="/metrics">Metrics</a></nav>
  </footer>`;
}

const root = document.getElementById('app');
if (root !== null) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  render(html`<${App} connection=${connect(`${scheme}//${location.host}/live`)} />`, root);
}
