import { setTimeout as pause } from 'node:timers/promises';
import { CONFIG_OPTION, type CliCommand, type CliContext, type ExitCode } from './command.ts';
import { configOptionText } from './configuration.ts';
import { type Exchange, MllpSession, REFUSED } from './mllp-session.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import { SAMPLES } from './samples.ts';
import { SendReport } from './send-report.ts';
import { type Outgoing, outgoing } from './send-source.ts';
import { type Target, targetOf } from './send-target.ts';
import { suggest } from './terminal.ts';

const CONNECTIONS_MAX = 1_024;
const TIMEOUT_MS = 30_000;
/** A receiver that went away is tried again this often, until the timeout of the message. */
const RECONNECT_MS = 250;
/** So many messages in a row without a connection: the receiver is gone. */
const UNREACHED_MAX = 3;

/** `causeway send`: HL7 messages over MLLP from whatever files people have. */
export const sendCommand: CliCommand = {
  name: 'send',
  summary: 'Send HL7 messages over MLLP: files, folders, stdin or samples; shows each reply.',
  arguments: [
    {
      syntax: '[path...]',
      text: 'Files, folders (with all below), or - for stdin. Any line ends, many messages per file.',
    },
  ],
  options: [
    {
      flags: '--sample <name>',
      text: 'Send a sample message from the box, under a fresh control id. May be repeated.',
      repeatable: true,
    },
    { flags: '--list-samples', text: 'List the samples.' },
    { flags: '--to <host:port>', text: 'Receiver. Default: the first MLLP channel of --config.' },
    CONFIG_OPTION,
    {
      flags: '--tls',
      text: 'MLLP over TLS; said by itself when the channel of --config or an option below asks for it.',
    },
    { flags: '--ca <file>', text: 'PEM file with the CA of the receiver. Default: the CAs of the runtime.' },
    { flags: '--cert <file>', text: 'PEM file with the certificate to show, for a receiver that asks for one.' },
    { flags: '--key <file>', text: 'PEM file with its private key.' },
    {
      flags: '--server-name <name>',
      text: 'Name in the certificate of the receiver, when it is not the host of --to.',
    },
    {
      flags: '--expect <code>',
      text: 'Exit 1 when a reply is another: AA (or the CA asked for), AE, CA, …; none: no reply. Default: AA.',
    },
    { flags: '--rate <n/s>', text: 'At most so many messages per second.' },
    { flags: '--repeat <n>', text: 'Send everything n times, each repetition under fresh control ids.' },
    {
      flags: '--connections <n>',
      text: 'Connections at once; more than one gives up the order of the messages. Default: 1.',
    },
    { flags: '--timeout <time>', text: 'Longest wait for a reply, e.g. 5s. Default: 30s.' },
    {
      flags: '--split',
      text: 'Send the messages of a batch file (FHS, BHS) one by one. Default: the file as one batch.',
    },
    { flags: '--as-is', text: 'Send the bytes as they stand in the file; else segments end with one CR.' },
    { flags: '--quiet', text: 'Only the summary.' },
    { flags: '--json', text: 'Print one JSON object per message and a summary on stdout.' },
  ],
  examples: [
    ['send --sample adt-a01', 'a first message to the first channel'],
    ['send messages/ --expect AA', 'every message below a folder; exit 1 unless each is answered AA or CA'],
    ['send day.hl7 --to 127.0.0.1:2575 --rate 20/s', 'one file, slowly, to an address'],
    ['send - < message.hl7', 'from stdin'],
    ['send --sample adt-a01 --to mllp.example.org:2575 --ca ca.pem --cert adt.pem --key adt-key.pem', 'mutual TLS'],
  ],
  notes: [
    'A message that Causeway has already (same control id, same bytes) is answered with the reply of the first time,',
    'byte for byte, so the reply does not tell: `status` counts it under DUPLICATES, `tail` shows it as duplicate.',
    'So a file that is sent twice has its effect once. Samples and --repeat get fresh control ids: new messages.',
    'A message that asks by MSH-15 and MSH-16 for a commit and an application acknowledgment waits for both: CA AA.',
    'One that asks for no reply (NE) is done after a quarter of a second of silence, with --expect AA, too.',
  ],
  async run(values, context) {
    if (values.flag('list-samples')) return listSamples(values, context);
    const target = await targetOf(values, context);
    const report = new SendReport(context.terminal, values);
    const startedAt = context.clock.monotonicMs();
    await sendAll(target, report, { values, context });
    report.finish(context.clock.monotonicMs() - startedAt);
    const { sent, failed, skipped } = report.summary;
    if (sent === 0 && skipped > 0) context.terminal.say('Nothing was sent: no file holds an HL7 v2 message.');
    if (sent > 0 && values.text('to') === undefined) suggest(context.terminal, `status${configOptionText(values)}`);
    return sent > 0 && failed === 0 ? 0 : 1;
  },
};

function listSamples(values: OptionValues, { terminal }: CliContext): ExitCode {
  for (const [name, text] of Object.entries(SAMPLES)) {
    terminal.out(values.flag('json') ? JSON.stringify({ name, text }) : `${name.padEnd(22)}${text}`);
  }
  suggest(terminal, 'send --sample adt-a01');
  return 0;
}

interface Job {
  readonly values: OptionValues;
  readonly context: CliContext;
}

/** Several connections take from one stream of messages; a stop signal ends after the replies that are owed. */
async function sendAll(target: Target, report: SendReport, { values, context }: Job): Promise<void> {
  const connections = values.integer('connections', { min: 1, max: CONNECTIONS_MAX, fallback: 1 });
  const timeoutMs = values.durationMs('timeout') ?? TIMEOUT_MS;
  const messages = outgoing(values, context);
  const pace = pacer(values.perSecond('rate'), context);
  const state = { ended: false, reached: false, unreached: 0 };
  void context.untilStop().then(() => {
    state.ended = true;
  });
  const work = async (): Promise<void> => {
    const session = new MllpSession({ ...target, timeoutMs, clock: context.clock });
    try {
      while (!state.ended) {
        const next = await messages.next();
        if (next.done === true) return;
        if (next.value.sort === 'skipped') {
          report.skipped(next.value.file, next.value.reason);
          continue;
        }
        await pace();
        const exchange = await deliver(session, next.value, { timeoutMs, patient: state.reached, context });
        state.reached ||= exchange.connected;
        state.unreached = exchange.connected ? 0 : state.unreached + 1;
        if (!state.reached) throw unreachable(target, exchange.text);
        report.replied(next.value, exchange);
        if (state.unreached >= UNREACHED_MAX) state.ended = true;
      }
    } finally {
      session.close();
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  if (state.unreached >= UNREACHED_MAX) context.terminal.say('Stopped: the receiver cannot be reached any more.');
}

interface Patience {
  readonly timeoutMs: number;
  /** True: the receiver was there before, so it may only be restarting. */
  readonly patient: boolean;
  readonly context: CliContext;
}

async function deliver(
  session: MllpSession,
  message: Exclude<Outgoing, { sort: 'skipped' }>,
  patience: Patience,
): Promise<Exchange> {
  const { clock } = patience.context;
  const deadline = clock.monotonicMs() + patience.timeoutMs;
  for (;;) {
    const exchange = await session.exchange(message);
    if (exchange.connected || !patience.patient || clock.monotonicMs() + RECONNECT_MS > deadline) return exchange;
    await pause(RECONNECT_MS);
  }
}

function unreachable({ host, port }: Target, reason: string): UsageError {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new UsageError(
    `${address} cannot be reached: ${reason}.`,
    reason === REFUSED
      ? 'Start the appliance first, or give another address with --to HOST:PORT (`causeway status` shows what listens).'
      : 'Cure this, or give another address with --to HOST:PORT.',
  );
}

/** Waits so that calls are at least 1/rate apart, over all connections together. */
function pacer(perSecond: number | undefined, { clock }: CliContext): () => Promise<void> {
  if (perSecond === undefined) return () => Promise.resolve();
  let dueAt = clock.monotonicMs();
  return async () => {
    const waitMs = dueAt - clock.monotonicMs();
    dueAt = Math.max(dueAt, clock.monotonicMs() - 1_000) + 1_000 / perSecond;
    if (waitMs > 0) await pause(waitMs);
  };
}
