/**
 * Reference with storage: each frame is one LevelDB record, everything that waits shares one synced batch, then come
 * the ACKs. No parsing, no mapping, no delivery: what the durability alone costs. Argument: folder of the database.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Level } from 'level';
import { BareDecoder, bareAck } from './frames.ts';

const BATCH_MAX = 512;

const database = new Level<string, Buffer>(process.argv[2] ?? '', { valueEncoding: 'buffer' });
await database.open();
let waiting: { readonly frame: Buffer; readonly socket: Socket }[] = [];
let sequence = 0;
let isWriting = false;

async function write(): Promise<void> {
  if (isWriting) return;
  isWriting = true;
  while (waiting.length > 0) {
    const group = waiting.slice(0, BATCH_MAX);
    waiting = waiting.slice(BATCH_MAX);
    const puts = group.map(({ frame }) => ({
      type: 'put' as const,
      key: String(sequence++).padStart(16, '0'),
      value: frame,
    }));
    await database.batch(puts, { sync: true });
    for (const { frame, socket } of group) socket.write(bareAck(frame), 'latin1');
  }
  isWriting = false;
}

const server = createServer({ noDelay: true }, (socket) => {
  const decoder = new BareDecoder();
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    for (const frame of decoder.push(chunk)) waiting.push({ frame, socket });
    void write();
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.on('SIGTERM', () => process.exit(0));
