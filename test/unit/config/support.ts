/** Configurations on disk for the tests of this room. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { formatConfigProblem, type LoadOptions, loadConfig } from '../../../src/config/load.ts';

/** The smallest configuration, word for word as it is promised. */
export const SMALLEST = `facility: { id: st-marys, name: St Mary's Hospital, timezone: America/Chicago, currency: USD }
store: { path: ./data }            # provisioned at first start; 127.0.0.1 is the default host everywhere
status: { port: 8080 }
channels:
  - id: clinical
    listener: { kind: mllp, port: 2575 }
    format: { kind: hl7v2 }
    routes: [ { to: erp } ]
destinations:
  - id: erp
    kind: https-json               # one CloudEvent per request; a CloudEvents JSON batch when maxEvents > 1
    url: http://127.0.0.1:18080/events
    allowInsecureLoopback: true    # plain HTTP only to loopback, only when said
    idempotencyHeader: Idempotency-Key
    batch: { maxEvents: 1 }
`;

/** A folder with these files, removed after the test. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** The problems of one file as `validate` prints them, without the folder; empty when it loads. */
export function problemsOf(text: string, options: LoadOptions = {}): readonly string[] {
  const folder = folderWith({ 'facility.yaml': text });
  return problemsAt(join(folder, 'facility.yaml'), `${folder}/`, options);
}

/** The same for any path; `prefix` is left out of every line. */
export function problemsAt(path: string, prefix: string, options: LoadOptions = {}): readonly string[] {
  const loaded = loadConfig(path, options);
  return loaded.ok ? [] : loaded.problems.map((problem) => formatConfigProblem(problem).replaceAll(prefix, ''));
}

/** The smallest configuration with some words exchanged. A word that is not there is a mistake of the test. */
export function edited(...edits: readonly (readonly [find: string, replacement: string])[]): string {
  return edits.reduce((text, [find, replacement]) => {
    if (!text.includes(find)) throw new Error(`the configuration has no ${find}`);
    return text.replace(find, () => replacement);
  }, SMALLEST);
}
