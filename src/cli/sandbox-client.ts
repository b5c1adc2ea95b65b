/** Talks to the sandbox ERP over HTTPS, trusting its own certificate authority only. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import type { CliContext } from './command.ts';
import { type OptionValues, UsageError } from './option-values.ts';

const ANSWER_BYTES_MAX = 16_777_216;
const TIMEOUT_MS = 10_000;
/** TCP port of the sandbox in the bundled example. */
export const SANDBOX_PORT = 18_443;

/** Folder of the sandbox: as named, else the one that the bundled example trusts. */
export function sandboxFolder(values: OptionValues, { applicationDirectory }: CliContext): string {
  return values.text('dir') ?? join(applicationDirectory, 'config', 'example', 'data', 'sandbox');
}

/** `GET` without body, `POST` with one. @throws UsageError when no sandbox runs there */
export async function askSandbox(folder: string, path: string, body?: unknown): Promise<unknown> {
  const [url, ca] = await Promise.all([readText(join(folder, 'url')), readText(join(folder, 'ca.pem'))]);
  if (url === null || ca === null) throw notRunning(folder, 'it was never started there, or it has stopped');
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(notRunning(folder, error.message));
    const options = { method: body === undefined ? 'GET' : 'POST', ca, agent: false, timeout: TIMEOUT_MS };
    const outgoing = request(new URL(path, url), options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > ANSWER_BYTES_MAX) response.destroy(new Error('the answer is larger than 16 MiB'));
        else chunks.push(chunk);
      });
      response.once('error', fail);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new UsageError(`The sandbox ERP refused: ${text}`));
      });
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    outgoing.once('error', fail);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const readText = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

function notRunning(folder: string, reason: string): UsageError {
  return new UsageError(
    `No sandbox ERP answers for ${folder}: ${reason}.`,
    'Start one with `sandbox` or `demo`, or name its folder with --dir.',
  );
}
