import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startFakeErp } from '../support/fake-erp.ts';
import { admission, charge } from '../support/messages.ts';
import { ackOf, connectMllp } from '../support/mllp-client.ts';
import { prepareAppliance } from '../support/start-appliance.ts';
import { findAcks, straceArguments } from './sync-trace.ts';

/** Some containers forbid ptrace. */
const canTrace = spawnSync('strace', ['-f', '-e', 'trace=fdatasync', '-o', '/dev/null', 'true']).status === 0;
if (!canTrace) console.log('skipped: strace is missing or may not attach, so no trace can be taken');

const CONNECTIONS = 4;
const MESSAGES = 40;

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-trace-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Control ids of one connection: letters and digits only, so that a trace shows them as they are. */
const idsOf = (connection: number) => Array.from({ length: MESSAGES }, (_, index) => `SYNC${connection}X${index}E`);

test.skipIf(!canTrace)('no acknowledgment reaches a sender before its message is synced to disk', async () => {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const trace = join(temporaryFolder(), 'trace');
  const appliance = await prepareAppliance({
    erpUrl: erp.url,
    wrapper: ['strace', ...straceArguments(trace)],
    readyTimeoutMs: 60_000,
  });
  onTestFinished(() => appliance.dispose());
  await appliance.start();
  const sent = await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, connection) => {
      const client = await connectMllp(appliance.mllpPort);
      onTestFinished(() => client.close());
      const ids = idsOf(connection);
      // Half one by one, half pipelined: both ways of sharing a commit.
      const half = MESSAGES / 2;
      for (const id of ids.slice(0, half)) {
        expect(ackOf(await client.send(admission({ controlId: id, patient: `P${connection}` }), 30_000)).code).toBe(
          'AA',
        );
      }
      const rest = ids.slice(half).map((controlId) => charge({ controlId, patient: `P${connection}` }));
      for (const reply of await client.pipeline(rest, 60_000)) expect(ackOf(reply).code).toBe('AA');
      return ids;
    }),
  );
  await appliance.stop(60_000);
  const findings = findAcks(readFileSync(trace, 'utf8'), /\.log$/);
  expect(findings.filter(({ problem }) => problem !== null)).toEqual([]);
  // Every acknowledgment was seen, so the trace really proves it for all of them.
  expect(findings.map(({ controlId }) => controlId).sort()).toEqual(sent.flat().sort());
});

test.skipIf(!canTrace).each([
  ['early', 'acknowledged before a sync that began after its write had succeeded'],
  ['late', null],
])('a server that acknowledges %s is told apart in a real trace', async (mode, problem) => {
  const folder = temporaryFolder();
  const trace = join(folder, 'trace');
  const program = [process.execPath, join(import.meta.dirname, 'early-ack-server.ts'), mode, join(folder, '1.log')];
  const server = spawn('strace', [...straceArguments(trace), ...program], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  onTestFinished(async () => {
    if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid, 'SIGKILL');
    await ended;
  });
  const [port] = (await once(server.stdout, 'data')) as [Buffer];
  const client = await connectMllp(Number(port.toString()));
  onTestFinished(() => client.close());
  await client.send(admission({ controlId: 'SYNC1' }), 30_000);
  if (server.pid !== undefined) process.kill(-server.pid, 'SIGTERM');
  await ended;
  expect(findAcks(readFileSync(trace, 'utf8'), /1\.log$/)).toEqual([{ controlId: 'SYNC1', problem }]);
});
