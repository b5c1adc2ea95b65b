/**
 * Connections of senders never use up the open files of the process: store, deliveries and status page need some too,
 * and a store that cannot open its next file fails for every sender.
 */
import type { ChannelConfig, Config } from '../config/schema.ts';
import type { Log } from '../platform/log.ts';

/** Files of the store, log, listening sockets, name look-ups. */
const OWN_FILES = 64;
/** A connection that is being closed and its successor, per request in flight. */
const FILES_PER_REQUEST = 2;
const STATUS_CONNECTIONS = 512;
/** So many senders of a channel are always taken. */
const CONNECTIONS_MIN = 8;

/**
 * The channels with `connectionsMax` lowered where all of them together could take more than what is left of
 * `openFilesMax` (null: unknown, nothing is lowered); at most half is kept back. Each channel that was lowered is
 * logged once.
 */
export function channelsWithinOpenFiles(
  { channels, destinations }: Pick<Config, 'channels' | 'destinations'>,
  openFilesMax: number | null,
  log: Log,
): readonly ChannelConfig[] {
  if (openFilesMax === null) return channels;
  const requests = destinations.reduce((sum, { inFlightMax }) => sum + inFlightMax, 0);
  const wanted = OWN_FILES + requests * FILES_PER_REQUEST + STATUS_CONNECTIONS;
  const left = openFilesMax - Math.min(wanted, Math.ceil(openFilesMax / 2));
  if (channels.reduce((sum, { listener }) => sum + listener.connectionsMax, 0) <= left) return channels;
  const share = Math.max(CONNECTIONS_MIN, Math.floor(left / channels.length));
  return channels.map((channel) => {
    if (channel.listener.connectionsMax <= share) return channel;
    log.warn('a channel takes fewer connections than configured: this process may open too few files', {
      channel: channel.id,
      count: share,
      hint: `Raise the limit of open files (LimitNOFILE=, now ${openFilesMax}) or lower connectionsMax.`,
    });
    return { ...channel, listener: { ...channel.listener, connectionsMax: share } };
  });
}
