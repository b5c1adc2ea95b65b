import type { App } from '../app.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../platform/log.ts';
import { CONFIG_OPTION, type CliCommand, type CliContext, type ExitCode, JSON_OPTION } from './command.ts';
import { configOptionText, configurationPath, loadOrExplain, shortPath } from './configuration.ts';
import { suggest } from './terminal.ts';
import { plural } from './wording.ts';

/** How much longer a service manager waits after each sign of progress (sd_notify(3)). */
const EXTEND_START_US = 120_000_000;

/** `causeway run`: the appliance in the foreground, until SIGTERM or Ctrl-C. */
export const runCommand: CliCommand = {
  name: 'run',
  summary: 'Run the appliance in the foreground (SIGTERM or Ctrl-C stops it gracefully).',
  options: [CONFIG_OPTION, JSON_OPTION],
  examples: [
    ['run --config facility.yaml', 'one configuration file'],
    ['run', 'the installed configuration in /etc/causeway, else the bundled example'],
  ],
  async run(values, context) {
    const path = configurationPath(values, context);
    const config = await loadOrExplain(path, context);
    if (config === null) return 1;
    return runAppliance(config, context, {
      from: path,
      configOption: configOptionText(values),
      json: values.flag('json'),
    });
  },
};

/** How the start is told. */
export interface RunWords {
  /** Where the configuration was read. */
  readonly from: string;
  /** ` --config …` as the user must repeat it in further commands; empty when the default is meant. */
  readonly configOption: string;
  /** Tell the addresses as one JSON line on stdout. */
  readonly json: boolean;
  /** The ports are not those of the configuration: commands must name them. */
  readonly tellPort?: boolean;
  /** What else to try, in whole sentences: shown after the first message to send. */
  readonly ideas?: readonly string[];
}

/**
 * Starts the appliance, tells what listens where, and stays until it is asked to stop: 0 after a graceful stop, 1 when
 * the appliance ended by itself. @throws CausewayError when it cannot start (`LISTENER_BIND_FAILED`, `STORE_…`)
 */
export async function runAppliance(config: Config, context: CliContext, words: RunWords): Promise<ExitCode> {
  const { terminal, clock, random, environment } = context;
  const [{ startApp }, { createLog }, lifecycle] = await Promise.all([
    import('../app.ts'),
    import('../platform/log.ts'),
    import('../platform/lifecycle.ts'),
  ]);
  const log: Log = createLog(config.log.level);
  lifecycle.crashOnBug(log);
  const stopAsked = context.untilStop();
  const notify = lifecycle.createNotify(environment, log);
  // Migrating a store of millions of records takes longer than a service manager waits.
  const onProgress = (text: string): void => notify(`EXTEND_TIMEOUT_USEC=${EXTEND_START_US}`, `STATUS=${text}`);
  const started = lifecycle.stayAlive();
  const app = await startApp(config, { log, clock, random, onProgress }).finally(started);
  // In a terminal SIGHUP says that it was closed: that ends the process, as everywhere.
  if (!terminal.interactive) lifecycle.onReloadSignal(() => void app.reload());
  tell(app, config, context, words);
  lifecycle.keepCompiledCode();
  notify('READY=1', `STATUS=${plural(config.channels.length, 'channel')} accepting`);
  const intervalMs = lifecycle.watchdogIntervalMs(environment);
  // Answering at all shows that the event loop turns; a failed store is told and cured by the appliance itself, and
  // while it lasts senders hear AE, which a restart would turn into refused connections.
  const isHealthy = async (): Promise<boolean> => (await app.operations.status()).pid === process.pid;
  const endWatchdog =
    intervalMs === null ? () => {} : lifecycle.startWatchdog({ intervalMs, clock, notify, isHealthy });

  const ended = await Promise.race([stopAsked, app.done.then(() => null)]);
  endWatchdog();
  notify('STOPPING=1');
  terminal.say(
    ended === null
      ? 'The appliance ended by itself.'
      : `${ended}: stopping; replies in work are finished, everything else waits in the store.`,
  );
  await app.stop();
  return ended === null ? 1 : 0;
}

/** What listens where, where to look, and the exact command for a first message. */
function tell(app: App, config: Config, { terminal, environment }: CliContext, words: RunWords): void {
  const { status, channels } = app.addresses;
  const { facility, store } = config;
  if (words.json)
    terminal.out(JSON.stringify({ type: 'listening', status, channels, store: store.path, pid: process.pid }));
  terminal.say(
    `${facility.name} (${facility.id}), configuration ${shortPath(words.from)}, store ${shortPath(store.path)}`,
  );
  for (const channel of config.channels) {
    terminal.say(`  channel ${channel.id}: ${channel.listener.kind} on ${channels[channel.id] ?? 'no address'}`);
  }
  for (const destination of config.destinations) terminal.say(`  destination ${destination.id}: ${destination.url}`);
  terminal.say(`  status page: ${statusUrl(status)}`);
  // A service manager stops the process itself: nobody presses keys there.
  const stop = environment.get('NOTIFY_SOCKET') === undefined ? ' Ctrl-C stops it.' : '';
  terminal.say(`Ready. Nothing received yet is normal: send a first message.${stop}`);
  const [first] = config.channels;
  const chosenBySystem = first?.listener.port === 0 || words.tellPort === true;
  const to = first !== undefined && chosenBySystem ? ` --to ${channels[first.id] ?? ''}` : words.configOption;
  suggest(terminal, `send --sample adt-a01${to}${proofOptions(first?.listener.tls)}`);
  for (const idea of words.ideas ?? []) terminal.say(idea);
}

const statusUrl = (address: string): string => (address.startsWith('http') ? address : `http://${address}/`);

/** What `send` needs beside the address for a listener with TLS: only the person knows those files. */
function proofOptions(tls: { readonly clientCaFile?: string | undefined } | undefined): string {
  if (tls === undefined) return '';
  return tls.clientCaFile === undefined ? ' --ca CA.pem' : ' --ca CA.pem --cert CERT.pem --key KEY.pem';
}
