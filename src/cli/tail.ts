import type { TailEvent } from '../api/operations.ts';
import { CONFIG_OPTION, type CliCommand, STORE_OPTION } from './command.ts';
import { facilityZone } from './configuration.ts';
import { connectControl } from './control-client.ts';
import type { OptionValues } from './option-values.ts';
import type { Colour, Terminal } from './terminal.ts';
import { plural, printable, repliesText, timeOfDay } from './wording.ts';

/** The appliance writes an empty line every 15 s; a stream without any for so long is broken. */
const SILENCE_MS = 45_000;

/** `causeway tail`: what happens in the running appliance, as it happens; no patient data. */
export const tailCommand: CliCommand = {
  name: 'tail',
  summary: 'Follow messages and deliveries of the running appliance as they happen.',
  options: [
    CONFIG_OPTION,
    STORE_OPTION,
    { flags: '--channel <id>', text: 'Only messages of this channel.' },
    { flags: '--destination <id>', text: 'Only deliveries to this destination.' },
    { flags: '--limit <n>', text: 'End after so many lines.' },
    { flags: '--json', text: 'Print one JSON object per line on stdout, for programs.' },
  ],
  examples: [
    ['tail', 'one line per message and delivery, until Ctrl-C'],
    ['tail --channel clinical', 'only what this channel receives'],
    ['tail --json | jq .controlId', 'for programs'],
  ],
  async run(values, context) {
    const { terminal } = context;
    const json = values.flag('json');
    const limit = values.integer('limit', { min: 1, max: 1_000_000_000, fallback: Number.MAX_SAFE_INTEGER });
    const control = await connectControl(values, context);
    const lines = control.lines('/v1/tail', SILENCE_MS);
    const timezone = await facilityZone(values, context);
    terminal.say(`Following, times in ${timezone}; nothing yet is normal while no message comes. Ctrl-C ends.`);
    let shown = 0;
    for await (const line of lines) {
      if (line.trim() === '') continue;
      const event = JSON.parse(line) as TailEvent;
      if (!isWanted(event, values)) continue;
      terminal.out(json ? line : eventText(event, timezone, terminal));
      shown += 1;
      if (shown >= limit) return 0;
    }
    terminal.say('The appliance ended the stream: it stops or restarts.');
    return 1;
  },
};

function isWanted(event: TailEvent, values: OptionValues): boolean {
  const channel = values.text('channel');
  const destination = values.text('destination');
  if (event.type === 'message') return channel === undefined ? destination === undefined : event.channelId === channel;
  return destination === undefined ? channel === undefined : event.destinationId === destination;
}

const DELIVERY_WORDS = {
  posted: 'delivered',
  held: 'held for a person',
  dead: 'set aside',
  retry: 'will be tried again',
} as const;

function eventText(event: TailEvent, timezone: string, terminal: Terminal): string {
  const controlId = printable(event.controlId, 60);
  if (event.type === 'message') {
    const reply = terminal.paint(event.ackCode === 'AA' ? 'green' : 'red', repliesText(event));
    const time = timeOfDay(event.receivedAtMs, timezone);
    const what = `${printable(event.messageType, 20)} ${controlId}`;
    // Its events came with the message that it repeats.
    const events = event.disposition === 'duplicate' ? 'no new event' : plural(event.events, 'event');
    const became = `${event.disposition}, ${events}`;
    return `${time}  ${event.channelId} → ${reply}  ${what}  ${became}  ${event.messageId}`;
  }
  const colour: Colour = event.state === 'posted' ? 'green' : event.state === 'retry' ? 'yellow' : 'red';
  const reason = event.reason === null ? '' : ` (${printable(event.reason, 80)})`;
  const state = `${terminal.paint(colour, DELIVERY_WORDS[event.state])}${reason}`;
  return `${timeOfDay(event.atMs, timezone)}  → ${event.destinationId}  ${event.kind} of ${controlId}  ${state}`;
}
