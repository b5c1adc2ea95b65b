import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { CausewayError } from '../model/errors.ts';
import { SECURITY_HEADERS } from './http-safety.ts';
import type { Operations } from './operations.ts';
import type { StreamRoute } from './route.ts';

/** Bounds and default of the rate at which a backup is read, in MiB per second. */
export const BACKUP_RATE = { min: 1, max: 1_024, fallback: 32 } as const;

const MIB = 1_048_576;
const query = z.strictObject({ rate: z.coerce.number().int().min(BACKUP_RATE.min).max(BACKUP_RATE.max) });

/**
 * `GET /v1/backup?rate=MIB`: the bytes of a backup (`src/platform/backup-format.ts`). Waits for its reader; a store
 * that fails meanwhile, or is closed, ends the connection, and the reader sees that the end of the backup is missing.
 */
export const backupRoute = (operations: Pick<Operations, 'backup'>): StreamRoute => ({
  path: '/v1/backup',
  summary: 'Every stored record of this moment, as the bytes of a backup file.',
  open(response, given) {
    const parsed = query.safeParse(given);
    if (!parsed.success) throw new CausewayError('REQUEST_INVALID', 'rate: expected whole MiB per second');
    const pieces = operations.backup(parsed.data.rate * MIB);
    response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'application/octet-stream' });
    // Either end may go away; the missing end of the backup tells the reader.
    pipeline(Readable.from(pieces, { objectMode: true, highWaterMark: 1 }), response).catch(() => response.destroy());
  },
});
