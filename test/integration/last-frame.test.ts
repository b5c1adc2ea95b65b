/** A sender that closes its side right behind its last frame is still owed the reply to it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { charge } from '../support/messages.ts';
import { startAppliance } from '../support/start-appliance.ts';

/** Everything that comes back for bytes that are written together with the end of the sender's side. */
async function sendAndEnd(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let received = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk));
  socket.end(Buffer.from(text, 'utf8'));
  await once(socket, 'end');
  socket.destroy();
  return received;
}

test('the last frame is answered when the sender closes its side behind it, with and without final CR', async () => {
  const appliance = await startAppliance({});
  onTestFinished(() => appliance.dispose());
  const frame = (controlId: string): string => `\x0b${charge({ controlId })}\x1c`;
  expect(await sendAndEnd(appliance.mllpPort, `${frame('L1')}\r`)).toContain('MSA|AA|L1|');
  expect(await sendAndEnd(appliance.mllpPort, `${frame('L2')}\r${frame('L3')}\r`)).toMatch(/AA\|L2\|[\s\S]*AA\|L3\|/);
  expect(await sendAndEnd(appliance.mllpPort, frame('L4'))).toContain('MSA|AA|L4|');
});
