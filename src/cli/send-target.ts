/** Where `causeway send` sends to, and how it is secured. */
import type { ConnectionOptions } from 'node:tls';
import type { StatusSnapshot } from '../status/snapshot.ts';
import { controlSocketPath } from '../platform/store-folder.ts';
import { readTlsMaterial } from '../platform/tls-material.ts';
import type { CliContext } from './command.ts';
import { configurationPath, loadOrThrow } from './configuration.ts';
import { ControlClient } from './control-client.ts';
import { type OptionValues, UsageError } from './option-values.ts';

/** A receiver. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** null: plain MLLP. */
  readonly tls: ConnectionOptions | null;
}

/** How long the running appliance may take to say where it listens. */
const ASK_MS = 2_000;

/**
 * From `--to`, else the first MLLP channel of the configuration: where the running appliance listens for it, which
 * `demo --port-offset` moves, else as configured. @throws UsageError, CausewayError
 */
export async function targetOf(values: OptionValues, context: CliContext): Promise<Target> {
  const to = values.text('to');
  if (to !== undefined) {
    const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(to);
    const port = Number(match?.[3] ?? '0');
    if (match === null || port < 1 || port > 65_535)
      throw new UsageError('--to expects HOST:PORT, e.g. 127.0.0.1:2575.');
    return { host: match[1] ?? match[2] ?? '', port, tls: tlsOf(values, false) };
  }
  const { channels, store } = await loadOrThrow(configurationPath(values, context));
  const channel = channels.find(({ listener: { kind } }) => kind === 'mllp');
  const listener = channel?.listener;
  const bound = channel === undefined ? null : await boundPort(store.path, channel.id, context);
  const port = bound ?? listener?.port ?? 0;
  if (listener === undefined || port === 0) {
    throw new UsageError('The configuration names no MLLP port to send to.', 'Give the address with --to HOST:PORT.');
  }
  return { host: reachable(listener.host), port, tls: tlsOf(values, listener.tls !== undefined) };
}

/** null: no appliance runs on this store, or it does not say in time. */
async function boundPort(storePath: string, channelId: string, { clock }: CliContext): Promise<number | null> {
  const asked = new ControlClient(controlSocketPath(storePath)).get<StatusSnapshot>('/v1/status').catch(() => null);
  const late = Promise.withResolvers<null>();
  const timer = clock.after(ASK_MS, () => late.resolve(null));
  const snapshot = await Promise.race([asked, late.promise]);
  timer.cancel();
  const address = snapshot?.channels?.find(({ id }) => id === channelId)?.address;
  const port = Number(/:(\d{1,5})$/.exec(address ?? '')?.[1] ?? '0');
  return port === 0 ? null : port;
}

/** A listener bound to every address is reached on this machine through loopback. */
const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);

function tlsOf(values: OptionValues, isNeeded: boolean): ConnectionOptions | null {
  const [caFile, certificateFile, keyFile] = ['ca', 'cert', 'key'].map((name) => values.text(name));
  const servername = values.text('server-name');
  if ((certificateFile === undefined) !== (keyFile === undefined))
    throw new UsageError('--cert and --key belong together: the certificate of this sender, and its private key.');
  const named = [caFile, certificateFile, servername].some((value) => value !== undefined);
  if (!isNeeded && !values.flag('tls') && !named) return null;
  const key = keyFile === undefined ? undefined : { file: keyFile };
  const material = readTlsMaterial({ caFile, certificateFile, key });
  return {
    minVersion: 'TLSv1.2',
    ...(material.ca === null ? {} : { ca: material.ca }),
    ...(material.certificate === null ? {} : { cert: material.certificate }),
    ...(material.key === null ? {} : { key: material.key }),
    ...(servername === undefined ? {} : { servername }),
  };
}
