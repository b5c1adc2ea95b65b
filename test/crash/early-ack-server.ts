/** A server that is wrong on purpose (`early`) or right (`late`): the detector must tell the two apart. */
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';

const [mode = 'early', file = ''] = process.argv.slice(2);
const log = openSync(file, 'a');
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    const controlId = chunk.toString('latin1').split('|')[9] ?? '';
    writeSync(log, chunk);
    if (mode === 'late') fdatasyncSync(log);
    socket.write(`\u000bMSH|^~\\&|\rMSA|AA|${controlId}\r\u001c\r`);
    if (mode === 'early') setImmediate(() => fdatasyncSync(log));
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.on('SIGTERM', () => process.exit(0));
