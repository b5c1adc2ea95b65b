/** Where `causeway send` sends to, and how it is secured. */
import type { ConnectionOptions } from 'node:tls';
import { readTlsMaterial } from '../platform/tls-material.ts';
import type { CliContext } from './command.ts';
import { configurationPath, loadOrThrow } from './configuration.ts';
import { type OptionValues, UsageError } from './option-values.ts';

/** A receiver. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** null: plain MLLP. */
  readonly tls: ConnectionOptions | null;
}

/** From `--to`, else the first MLLP channel of the configuration. @throws UsageError, CausewayError */
export async function targetOf(values: OptionValues, context: CliContext): Promise<Target> {
  const to = values.text('to');
  if (to !== undefined) {
    const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(to);
    const port = Number(match?.[3] ?? '0');
    if (match === null || port < 1 || port > 65_535)
      throw new UsageError('--to expects HOST:PORT, e.g. 127.0.0.1:2575.');
    return { host: match[1] ?? match[2] ?? '', port, tls: tlsOf(values, false) };
  }
  const listener = (await loadOrThrow(configurationPath(values, context))).channels
    .map((channel) => channel.listener)
    .find(({ kind }) => kind === 'mllp');
  if (listener === undefined || listener.port === 0) {
    throw new UsageError('The configuration names no MLLP port to send to.', 'Give the address with --to HOST:PORT.');
  }
  return { host: reachable(listener.host), port: listener.port, tls: tlsOf(values, listener.tls !== undefined) };
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
