/** An MLLP receiver for tests: answers each frame as told. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { controlIdOf } from '../../../src/cli/hl7-files.ts';
import { encodeFrame, FrameDecoder } from '../../../src/hl7/framing.ts';

export interface FakeReceiver {
  readonly address: string;
  readonly received: Buffer[];
  connections: number;
  /** Gives MSA-1 to MSA-3; null gives no reply. Default: AA. */
  reply: (message: Buffer, index: number) => string | null;
  /** Called after the reply of a message (or instead of it). */
  after: (socket: Socket, index: number) => void;
  stop(): Promise<void>;
}

export async function startReceiver(): Promise<FakeReceiver> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    receiver.connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    const decoder = new FrameDecoder({ frameBytesMax: 1_000_000, missingFinalCr: 'refuse' });
    socket.on('data', (chunk: Buffer) => {
      for (const frame of decoder.push(chunk)) {
        const index = receiver.received.push(Buffer.from(frame)) - 1;
        const msa = receiver.reply(frame, index);
        if (msa !== null)
          socket.write(encodeFrame(Buffer.from(`MSH|^~\\&|||||||ACK|A${index}|P|2.5.1\rMSA|${msa}\r`, 'latin1')));
        receiver.after(socket, index);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: FakeReceiver = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    connections: 0,
    reply: (message) => `AA|${controlIdOf(message)}`,
    after: () => {},
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
