/** The control socket of an appliance, with answers given by the test. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { controlSocketPath } from '../../../src/platform/store-folder.ts';

export interface Asked {
  readonly route: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface FakeAppliance {
  /** For `--store`. */
  readonly store: string;
  readonly asked: Asked[];
}

/** Status and JSON body; a function writes the response itself. */
export type Answer = readonly [status: number, body: unknown] | ((response: ServerResponse) => void);

/** `below`: further folders of the store path, to make it long. */
export async function startFakeAppliance(
  answer: (asked: Asked) => Answer,
  { below = '' } = {},
): Promise<FakeAppliance> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-control-'));
  const store = resolve(folder, below);
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void readJson(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const question = {
        route: `${request.method} ${url.pathname}`,
        query: Object.fromEntries(url.searchParams),
        body,
      };
      asked.push(question);
      const given = answer(question);
      if (typeof given === 'function') return given(response);
      response.writeHead(given[0], { 'content-type': 'application/json' }).end(JSON.stringify(given[1]));
    });
  });
  server.listen(controlSocketPath(store));
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });
  return { store, asked };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}
