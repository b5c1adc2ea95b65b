/** Reference without storage: answers every frame at once. What node:net itself costs. */
import { type AddressInfo, createServer } from 'node:net';
import { BareDecoder, bareAck } from './frames.ts';

const server = createServer({ noDelay: true }, (socket) => {
  const decoder = new BareDecoder();
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    for (const frame of decoder.push(chunk)) socket.write(bareAck(frame), 'latin1');
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.on('SIGTERM', () => process.exit(0));
