/** Whether the ports of the configuration are free: asked only while the appliance itself does not hold them. */
import { createServer } from 'node:net';
import type { Config } from '../config/schema.ts';
import type { Finding } from './doctor-checks.ts';

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is held by another process: `ss -ltnp` shows which. Stop it, or change the port',
  EADDRNOTAVAIL: 'is not an address of this machine. Change the host',
  EACCES: 'may not be taken by this user (ports below 1024 need a right). Change the port',
};

/** Takes each port for a moment; a port 0 is chosen by the system and never taken. */
export async function checkPorts({ channels, status }: Config): Promise<readonly Finding[]> {
  const wanted = [
    ...channels.map(({ id, listener }) => ({ topic: `channel ${id}`, host: listener.host, port: listener.port })),
    { topic: 'status page', host: status.host, port: status.port },
  ].filter(({ port }) => port !== 0);
  const found: Finding[] = [];
  for (const { topic, host, port } of wanted) {
    const code = await bindError(host, port);
    if (code === null) continue;
    const text = `Port ${port} on ${host} ${CAUSES[code] ?? `cannot be taken (${code})`}.`;
    found.push({ level: 'fail', topic, text });
  }
  if (found.length > 0) return found;
  const ports = wanted.map(({ port }) => port).join(', ');
  return [{ level: 'ok', topic: 'ports', text: ports === '' ? 'Chosen by the system.' : `${ports} can be taken.` }];
}

/** Why nothing can listen there; null when something could. */
function bindError(host: string, port: number): Promise<string | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.name));
    server.listen({ host, port }, () => server.close(() => resolve(null)));
  });
}
