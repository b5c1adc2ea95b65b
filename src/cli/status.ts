import { worstFirst } from '../status/row-state.ts';
import { certificateText } from '../status/certificate-wording.ts';
import { formatBytes, formatHours } from '../status/wording.ts';
import type { ChannelStatus, DestinationStatus, MoneyTotal, StatusSnapshot, StoreStatus } from '../status/snapshot.ts';
import { CONFIG_OPTION, type CliCommand, JSON_OPTION, STORE_OPTION } from './command.ts';
import { configOptionText } from './configuration.ts';
import { connectControl } from './control-client.ts';
import type { OptionValues } from './option-values.ts';
import { type Cell, tableLines } from './table.ts';
import { suggest, type Terminal } from './terminal.ts';
import { count, dateAndTime, money, plural, printable, span, STATE_WORDS, timeOfDay } from './wording.ts';

/** `causeway status`: one screen about the running appliance, worst first. */
export const statusCommand: CliCommand = {
  name: 'status',
  summary: 'Show how the running appliance does, worst first.',
  options: [
    CONFIG_OPTION,
    STORE_OPTION,
    JSON_OPTION,
    { flags: '--check', text: 'Exit 1 unless everything flows (for scripts and monitors).' },
  ],
  examples: [
    ['status', 'verdict, channels, destinations, what waits and what needs a person'],
    ['status --json', 'the whole snapshot as JSON'],
    ['status --check', 'exit 0 only when everything flows'],
  ],
  notes: [
    'Totals since the store was provisioned: RECEIVED, DUPLICATES, HELD EVER, REJECTED EVER, DELIVERED.',
    'Since the start: NOT STORED (disposition refused: answered AE, sent again). Refused connections are told below.',
    'IN/MIN counts every message, duplicates too.',
    'RECEIVED counts messages that were stored. DUPLICATES came again (same control id, same bytes): each was answered',
    'as the first time and has no second effect. What senders sent is RECEIVED + DUPLICATES + NOT STORED.',
    'What needs a person is an exception case: one message or event. Open ones stand in the Store line.',
    'HELD EVER counts messages, those of closed cases too. HELD EVENTS wait for their cases now; BLOCKED wait behind',
    'them or behind what is set aside. HELD EVENTS and SET ASIDE are events, the money lines below their amounts.',
    'Money waiting is what is still to be delivered, charges less credits: below zero when credits outweigh charges.',
  ],
  async run(values, context) {
    const { terminal } = context;
    const control = await connectControl(values, context);
    const snapshot = await control.get<StatusSnapshot>('/v1/status');
    if (values.flag('json')) terminal.out(JSON.stringify(snapshot));
    else for (const line of screen(snapshot, terminal)) terminal.out(line);
    nextStep(snapshot, values, terminal);
    return values.flag('check') && snapshot.verdict.state !== 'flowing' ? 1 : 0;
  },
};

function screen(snapshot: StatusSnapshot, terminal: Terminal): readonly string[] {
  const { facility, verdict, store, nowMs } = snapshot;
  const word = STATE_WORDS[verdict.state];
  const up = span(nowMs - snapshot.startedAtMs);
  const place = `times in ${facility.timezone} · Causeway ${snapshot.version} · up ${up} · pid ${snapshot.pid}`;
  const reason = store.reason === null ? '' : ` (${printable(store.reason)})`;
  const storeText =
    store.state === 'open'
      ? 'open'
      : `${store.state} since ${timeOfDay(store.failedSinceMs ?? nowMs, facility.timezone)}`;
  const casesText = plural(snapshot.openCases, 'open exception case');
  const notes = [
    ...worstFirst(snapshot.destinations).map((row) => ({ ...row, text: `${row.text}${nextTry(row, snapshot)}` })),
    ...worstFirst(snapshot.channels),
  ]
    // The text of a channel tells whose connections it refused, and why: a sender that never comes in blocks nothing.
    .filter((row) => row.text !== '' && (row.state !== 'flowing' || ('peers' in row && row.peers.refused > 0)))
    .map((row) => `  ${row.id}: ${row.text}`);
  return [
    `${terminal.paint(word.colour, word.text)}  ${verdict.text}`,
    ...notes,
    '',
    `${facility.name} (${facility.id}) · ${place}`,
    `Store ${storeText}${reason}${epochText(snapshot)} · ${diskText(snapshot)} · ${casesText}`,
    `Store ${encryptionText(store)}`,
    ...certificateLines(snapshot),
    '',
    ...channelLines(snapshot, terminal),
    '',
    ...destinationLines(snapshot, terminal),
    '',
    `Money waiting           ${moneyText(snapshot.destinations, (row) => row.money.waiting)}`,
    `Money held              ${heldMoneyText(snapshot.destinations)}`,
    `Money set aside         ${moneyText(snapshot.destinations, (row) => row.money.dead)}`,
  ];
}

/** Since when the store exists – a new one where an old one is expected is seen here – or goes on as a copy. */
const epochText = ({ identity, facility }: StatusSnapshot): string =>
  identity.epoch === 1
    ? ` · made ${dateAndTime(Date.parse(identity.epochStartedAt), facility.timezone)}`
    : ` · epoch ${identity.epoch} (${identity.epochReason})`;

/** `disk 12 GiB free`, with its forecast. */
function diskText({ disk }: StatusSnapshot): string {
  const forecast = disk.hoursToFull === null ? '' : `, full in ${formatHours(disk.hoursToFull)} at this rate`;
  return `disk ${formatBytes(disk.freeBytes)} free${forecast}`;
}

/** `encrypted with 2026a`, and what is still to be done or worth a warning. */
function encryptionText({ encryption: { state, chosen, keys, rewrite } }: StoreStatus): string {
  if (state === 'off') return chosen ? 'not encrypted, by choice' : 'not encrypted: WARNING, see `store.encryption`';
  const [key = '', ...older] = keys;
  if (rewrite === null) return `encrypted with ${key}`;
  const needs = older.length === 0 ? 'the unencrypted ones' : `those of ${older.join(', ')}`;
  const damaged = rewrite.damaged === 0 ? '' : `, ${plural(rewrite.damaged, 'damaged record')} left`;
  return `encrypted with ${key}; sealing older records anew (${needs}): ${count(rewrite.rewritten)} done${damaged}`;
}

/** When a destination that is away is tried again by itself; empty while that is not known, or is right now. */
function nextTry({ state, nextAttemptAtMs }: DestinationStatus, { nowMs, facility }: StatusSnapshot): string {
  if (state !== 'blocked' || nextAttemptAtMs === null || nextAttemptAtMs <= nowMs) return '';
  return ` Next try at ${timeOfDay(nextAttemptAtMs, facility.timezone)}.`;
}

/** Behind the address of a listener. */
const TRANSPORTS = { plain: '', tls: ' TLS', 'mutual-tls': ' mTLS' } as const;

/** One line per owner and role, the first to end first; none without certificates. */
const certificateLines = ({ certificates, nowMs }: StatusSnapshot): readonly string[] =>
  certificates.map(
    (one) => `${certificateText(one, nowMs)}${one.trouble === null ? '' : '; new files cannot be used'}`,
  );

function channelLines(snapshot: StatusSnapshot, terminal: Terminal): readonly string[] {
  const row = (channel: ChannelStatus): readonly Cell[] => [
    channel.id,
    STATE_WORDS[channel.state],
    channel.address === null ? '–' : `${channel.address}${TRANSPORTS[channel.peers.transport]}`,
    channel.lastMessageAtMs === null ? 'nothing yet' : `${span(snapshot.nowMs - channel.lastMessageAtMs)} ago`,
    count(channel.receivedPerMinute),
    count(channel.totals.received),
    count(channel.totals.duplicate),
    count(channel.totals.held),
    count(channel.totals.rejected),
    count(channel.totals.refused),
  ];
  const columns = ['CHANNEL', 'STATE', 'LISTENS', 'LAST MESSAGE'].map((title) => ({ title }));
  const numbers = ['IN/MIN', 'RECEIVED', 'DUPLICATES', 'HELD EVER', 'REJECTED EVER', 'NOT STORED'].map((title) => ({
    title,
    align: 'right' as const,
  }));
  return tableLines(terminal, [...columns, ...numbers], worstFirst(snapshot.channels).map(row));
}

function destinationLines(snapshot: StatusSnapshot, terminal: Terminal): readonly string[] {
  const row = (destination: DestinationStatus): readonly Cell[] => [
    destination.id,
    STATE_WORDS[destination.state],
    count(destination.deliveredPerMinute),
    count(destination.waiting),
    destination.oldestWaitingAtMs === null ? '–' : span(snapshot.nowMs - destination.oldestWaitingAtMs),
    count(destination.blockedBehind),
    count(destination.held),
    count(destination.dead),
    count(destination.posted),
  ];
  const columns = ['DESTINATION', 'STATE'].map((title) => ({ title }));
  const numbers = ['OUT/MIN', 'WAITING', 'OLDEST', 'BLOCKED', 'HELD EVENTS', 'SET ASIDE', 'DELIVERED'];
  const right = numbers.map((title) => ({ title, align: 'right' as const }));
  return tableLines(terminal, [...columns, ...right], worstFirst(snapshot.destinations).map(row));
}

/** What is held may have amounts that cannot be read: then nobody may think that no money is held. */
function heldMoneyText(rows: readonly DestinationStatus[]): string {
  const held = rows.reduce((sum, row) => sum + row.held, 0);
  const isKnown = held === 0 || rows.some((row) => row.money.held.length > 0);
  return isKnown ? moneyText(rows, (row) => row.money.held) : `none known of ${plural(held, 'held event')}`;
}

function moneyText(
  rows: readonly DestinationStatus[],
  pick: (row: DestinationStatus) => readonly MoneyTotal[],
): string {
  const parts = rows.flatMap((row) => pick(row).map((total) => `${money(total)} (${row.id})`));
  return parts.length === 0 ? 'none' : parts.join(' · ');
}

function nextStep(snapshot: StatusSnapshot, values: OptionValues, terminal: Terminal): void {
  const config = configOptionText(values);
  // While something is away, its return is what a person looks for: cases can wait.
  if (snapshot.verdict.state === 'blocked') {
    suggest(terminal, `tail${config}`);
    return;
  }
  const failing = snapshot.destinations.some((row) => row.dead > 0);
  if (snapshot.openCases > 0) suggest(terminal, `exceptions list${config}`);
  if (failing) suggest(terminal, `dead-letters list${config}`);
  if (snapshot.openCases === 0 && !failing) suggest(terminal, `tail${config}`);
}
