/** Starts a sandbox ERP in a temporary folder and talks to it as a destination would. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock, Random } from '../../../src/model/clock.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { ensureCertificates } from '../../../src/sandbox/certificates.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/server.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: Record<string, unknown> | undefined;
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-sandbox-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Keys are slow to make: one set for all peers of a file, laid into each folder. */
let keys: string | null = null;

async function layKeys(folder: string): Promise<void> {
  if (keys === null) {
    keys = mkdtempSync(join(tmpdir(), 'causeway-keys-'));
    await ensureCertificates(keys, systemClock.nowMs());
    process.once('exit', () => rmSync(keys ?? '', { recursive: true, force: true }));
  }
  cpSync(keys, folder, { recursive: true });
}

export interface PeerFacts {
  readonly folder?: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

export async function startPeer({
  folder = temporaryFolder(),
  clock = systemClock,
  random = () => 0.5,
}: PeerFacts = {}) {
  await layKeys(folder);
  const sandbox: Sandbox = await startSandbox({ folder, port: 0, clock, random });
  onTestFinished(() => sandbox.stop());
  const ca = readFileSync(sandbox.caFile, 'utf8');
  const ask = (
    method: string,
    path: string,
    options: { body?: string | Buffer; headers?: Record<string, string> } = {},
  ): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        new URL(path, sandbox.url),
        { method, ca, agent: false, headers: options.headers ?? {} },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
          });
        },
      );
      outgoing.once('error', reject);
      outgoing.setTimeout(5_000, () => outgoing.destroy(new Error('no answer')));
      outgoing.end(options.body);
    });
  return {
    sandbox,
    folder,
    get: (path: string) => ask('GET', path),
    control: (body: unknown) => ask('POST', '/control', { body: JSON.stringify(body) }),
    /** One event, or a batch when given a list. */
    post(events: unknown, key?: string, contentType?: string) {
      const type =
        contentType ?? (Array.isArray(events) ? 'application/cloudevents-batch+json' : 'application/cloudevents+json');
      const headers = { 'content-type': type, ...(key === undefined ? {} : { 'idempotency-key': key }) };
      return ask('POST', '/events', { headers, body: Buffer.isBuffer(events) ? events : JSON.stringify(events) });
    },
  };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

export const event = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  specversion: '1.0',
  id,
  source: '/facility/st-marys/clinical',
  type: 'org.causeway.charge.posted.v1',
  subject: 'account:A1',
  data: { amount: { amount: '10.10', currency: 'USD' } },
  ...more,
});
