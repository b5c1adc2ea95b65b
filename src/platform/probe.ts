import { CausewayError } from '../model/errors.ts';
import type { Disk } from './disk.ts';
import type { Envelope } from './envelope.ts';

const KEY = '!probe';

/** Writes to a store and reads it back. @throws what the disk throws, CausewayError `STORE_FAILED` */
export async function probe(disk: Disk, envelope: Envelope, nowMs: number): Promise<void> {
  const stamp = Buffer.from(String(nowMs));
  await disk.batch([{ type: 'put', key: KEY, value: envelope.seal(KEY, 0, [stamp]) }], { sync: true });
  const stored = disk.getSync(KEY);
  if (stored === undefined || !envelope.open(KEY, stored).payload.equals(stamp))
    throw new CausewayError('STORE_FAILED', 'A probe was not read back.');
}
