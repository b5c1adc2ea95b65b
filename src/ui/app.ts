/** The status page: one verdict, the figures, channels and destinations worst first. Read-only, no patient data. */
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import '@preact/signals';
import { CertificateTable } from './certificate-table.ts';
import { ChannelTable } from './channel-table.ts';
import { type Connection, connect } from './connection.ts';
import { DestinationTable } from './destination-table.ts';
import { Figures } from './figures.ts';
import { html } from './html.ts';
import { Footer, Header } from './page-frame.ts';
import { VerdictBanner } from './verdict.ts';
import { STATE_WORDS } from './words.ts';

interface Props {
  readonly connection: Connection;
}

function App({ connection }: Props) {
  const picture = connection.picture.value;
  const nowMs = connection.nowMs.value;
  useEffect(() => {
    if (picture === null) return;
    document.title = `${STATE_WORDS[picture.verdict.state]} – ${picture.facility.name} – Causeway`;
  }, [picture]);
  if (picture === null) {
    return html`<${Header} connection=${connection} />
      <main><p class="starting">Reading the status of the appliance…</p></main>`;
  }
  const { timezone } = picture.facility;
  return html`<${Header} connection=${connection} />
    <main class=${connection.link.value === 'live' ? '' : 'stale'}>
      <${VerdictBanner} verdict=${picture.verdict} />
      <${Figures} picture=${picture} nowMs=${nowMs} />
      <${DestinationTable} destinations=${picture.destinations} nowMs=${nowMs} timezone=${timezone} />
      <${ChannelTable} channels=${picture.channels} nowMs=${nowMs} timezone=${timezone} />
      <${CertificateTable} certificates=${picture.certificates} nowMs=${nowMs} timezone=${timezone} />
    </main>
    <${Footer} connection=${connection} />`;
}

const root = document.getElementById('app');
if (root !== null) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  render(html`<${App} connection=${connect(`${scheme}//${location.host}/live`)} />`, root);
}
