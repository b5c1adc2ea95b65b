import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Config } from '../config/schema.ts';
import { CONFIG_OPTION, type CliCommand, type CliContext } from './command.ts';
import { configOptionText, examplePath, loadOrExplain, quoted } from './configuration.ts';
import { OptionValues, UsageError } from './option-values.ts';
import { runAppliance } from './run.ts';
import { sandboxFolder } from './sandbox-client.ts';

/** The sandbox makes two RSA keys at its first start, which is slow on a small machine. */
const SANDBOX_START_MS = 60_000;
const SANDBOX_STOP_MS = 3_000;
const PORT_MAX = 65_535;

/** `causeway demo` (`npm start`): the appliance on the bundled example facility, with the sandbox ERP behind it. */
export const demoCommand: CliCommand = {
  name: 'demo',
  summary: 'Run the bundled example facility together with the sandbox ERP.',
  options: [
    { flags: CONFIG_OPTION.flags, text: 'Another configuration whose destination is the sandbox ERP.' },
    { flags: '--port-offset <n>', text: 'Adds n to every port, when other programs hold those of the configuration.' },
  ],
  examples: [
    ['demo', 'then, in another terminal: send --sample adt-a01'],
    ['demo --port-offset 1000', 'on 3575, 9080 and 19443 instead of 2575, 8080 and 18443'],
    ['demo --config facility.yaml', 'your own configuration with the sandbox ERP on the port of its destination'],
  ],
  async run(values, context) {
    const path = values.text('config') ?? examplePath(context);
    const read = await loadOrExplain(path, context);
    if (read === null) return 1;
    const offset = values.integer('port-offset', { min: 0, max: PORT_MAX, fallback: 0 });
    const config = offset === 0 ? read : withPortsMoved(read, offset);
    const place = placeOf(config);
    const sandbox = await startSandbox(place, context);
    const leave = (code: number | null): void => {
      context.terminal.say(
        `The sandbox ERP has ended (${code ?? 'by a signal'}): events wait until it is there again.`,
      );
    };
    sandbox.once('exit', leave);
    try {
      const ideas = ideasFor(place, context);
      const configOption = configOptionText(values);
      return await runAppliance(config, context, {
        from: path,
        configOption,
        json: false,
        ideas,
        tellPort: offset > 0,
      });
    } finally {
      sandbox.off('exit', leave);
      await stopSandbox(sandbox);
    }
  },
};

/** The same configuration on other ports: `offset` is added to each. @throws UsageError above 65535 */
function withPortsMoved(config: Config, offset: number): Config {
  const moved = (port: number): number => {
    if (port + offset > PORT_MAX) throw new UsageError(`--port-offset ${offset} makes a port above ${PORT_MAX}.`);
    return port === 0 ? 0 : port + offset;
  };
  return {
    ...config,
    status: { ...config.status, port: moved(config.status.port) },
    channels: config.channels.map((channel) => ({
      ...channel,
      listener: { ...channel.listener, port: moved(channel.listener.port) },
    })),
    destinations: config.destinations.map((destination) => {
      if (!isSandbox(destination)) return destination;
      const url = new URL(destination.url);
      url.port = `${moved(Number(url.port || '443'))}`;
      return { ...destination, url: url.href };
    }),
  };
}

interface SandboxPlace {
  /** The destination that it is. */
  readonly id: string;
  readonly port: string;
  readonly folder: string;
}

function ideasFor({ id, folder }: SandboxPlace, context: CliContext): readonly string[] {
  const usual = sandboxFolder(new OptionValues([], {}), context);
  const where = resolve(folder) === resolve(usual) ? '' : ` --dir ${quoted(folder)}`;
  const away = `${context.terminal.command} sandbox fail 503 --for 30s${where}`;
  return [
    `The destination ${id} is the sandbox ERP, a stand-in in this box. Take it away and see events wait in order:`,
    `      ${away}`,
  ];
}

/** The sandbox that the configuration means: the port of its loopback destination, the folder of the CA it trusts. */
function placeOf(config: Config): SandboxPlace {
  for (const destination of config.destinations) {
    const url = new URL(destination.url);
    const { caFile } = destination.tls;
    if (isSandbox(destination) && caFile !== undefined)
      return { id: destination.id, port: url.port || '443', folder: dirname(caFile) };
  }
  throw new UsageError(
    'No destination of the configuration is a sandbox ERP.',
    'It needs an https url on localhost and tls.caFile.',
  );
}

/** An https url on loopback, and a CA that it trusts. */
function isSandbox({ url, tls }: Config['destinations'][number]): boolean {
  const { hostname, protocol } = new URL(url);
  return protocol === 'https:' && (hostname === 'localhost' || hostname === '127.0.0.1') && tls.caFile !== undefined;
}

/** A process of its own, so that it can be stopped alone; resolves once it takes events. @throws UsageError */
async function startSandbox(
  { port, folder }: SandboxPlace,
  { applicationDirectory, clock }: CliContext,
): Promise<ChildProcess> {
  const main = `${applicationDirectory}/src/main.ts`;
  const args = [...process.execArgv, main, 'sandbox', '--json', '--port', port, '--dir', folder];
  // Its own process group: Ctrl-C must reach the appliance first, which still delivers while it stops.
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], detached: true });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const timer = clock.after(SANDBOX_START_MS, () => child.kill('SIGKILL'));
  const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [''])])) as [string];
  timer.cancel();
  if (line === '') throw new UsageError('The sandbox ERP could not be started; the reason stands above.');
  return child;
}

async function stopSandbox(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const kill = setTimeout(() => child.kill('SIGKILL'), SANDBOX_STOP_MS);
  child.kill('SIGTERM');
  await once(child, 'exit');
  clearTimeout(kill);
}
