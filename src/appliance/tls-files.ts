import type { Config } from '../config/schema.ts';
import type { TlsFiles } from '../platform/tls-material.ts';

/** `channel clinical`: whose TLS material it is, for people and as a key. */
export const channelOwner = (id: string): string => `channel ${id}`;
/** `destination erp` */
export const destinationOwner = (id: string): string => `destination ${id}`;

/** The files that the configuration names, by owner. */
export function tlsFilesOf({
  channels,
  destinations,
}: Pick<Config, 'channels' | 'destinations'>): readonly (readonly [owner: string, files: TlsFiles])[] {
  return [
    ...channels.flatMap(({ id, listener: { tls } }) =>
      tls === undefined ? [] : [[channelOwner(id), { ...tls, caFile: tls.clientCaFile }] as const],
    ),
    ...destinations.flatMap(({ id, tls: { caFile, clientCertificate } }) =>
      caFile === undefined && clientCertificate === undefined
        ? []
        : [
            [
              destinationOwner(id),
              { caFile, certificateFile: clientCertificate?.certificateFile, key: clientCertificate?.key },
            ] as const,
          ],
    ),
  ];
}
