/** A store with waiting entries, made by the real appliance once, and ways to damage a copy of its files. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreReport } from '../../src/model/store-damage.ts';
import { charge } from './messages.ts';
import { connectMllp } from './mllp-client.ts';
import { type Appliance, type ApplianceOptions, prepareAppliance, startAppliance } from './start-appliance.ts';

/** Messages in the store; each is one entry that waits, and every tenth belongs to the same patient. */
export const MESSAGES = 400;

/** Fills a store while the ERP is away and stops gracefully: its records are in a table, the newest in a log. */
export async function fillStore(): Promise<Appliance> {
  const appliance = await startAppliance({});
  await send(appliance, { from: 0, to: MESSAGES / 2 });
  await appliance.stop();
  await appliance.start();
  await send(appliance, { from: MESSAGES / 2, to: MESSAGES });
  await appliance.stop();
  return appliance;
}

async function send({ mllpPort }: Appliance, { from, to }: { from: number; to: number }): Promise<void> {
  const client = await connectMllp(mllpPort);
  for (let at = from; at < to; at += 50) {
    const payloads = Array.from({ length: 50 }, (_, index) =>
      charge({ controlId: `D${at + index}`, patient: `P${(at + index) % 10}`, amount: '1.25' }),
    );
    for (const reply of await client.pipeline(payloads)) if (!reply.includes('MSA|AA|')) throw new Error(reply);
  }
  await client.close();
}

/** An appliance that is not started yet, on a copy of the store. */
export async function onCopyOf(
  filled: Appliance,
  erpUrl?: string,
  options: Pick<ApplianceOptions, 'readyTimeoutMs'> = {},
): Promise<Appliance> {
  const appliance = await prepareAppliance({ ...options, ...(erpUrl === undefined ? {} : { erpUrl }) });
  cpSync(join(filled.directory, 'data'), join(appliance.directory, 'data'), { recursive: true });
  return appliance;
}

/** The files of a store's database. */
export class StoreFiles {
  readonly folder: string;

  constructor({ directory }: Pick<Appliance, 'directory'>) {
    this.folder = join(directory, 'data', 'db');
  }

  /** Path of the largest file with this ending (`.log`, `.ldb`), or of the manifest. */
  largest(ending: string): string {
    const names = readdirSync(this.folder).filter((name) => name.endsWith(ending) || name.startsWith(ending));
    const sized = names.map((name) => ({ name, size: statSync(join(this.folder, name)).size }));
    const [first] = sized.sort((a, b) => b.size - a.size);
    if (first === undefined) throw new Error(`no ${ending} in ${readdirSync(this.folder).join(' ')}`);
    return join(this.folder, first.name);
  }

  change(path: string, change: (bytes: Buffer) => Buffer | void): void {
    const bytes = readFileSync(path);
    writeFileSync(path, change(bytes) ?? bytes);
  }

  remove(path: string): void {
    rmSync(path);
  }

  /** Every file with its bytes: to show that nothing was changed. */
  content(): Readonly<Record<string, string>> {
    mkdirSync(this.folder, { recursive: true });
    const names = readdirSync(this.folder).filter((name) => name !== 'LOCK');
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(this.folder, name)).toString('base64')]));
  }
}

/** `causeway verify --json`. */
export async function verify(appliance: Appliance): Promise<{ code: number | null; report: StoreReport }> {
  const { code, stdout, stderr } = await appliance.command('verify', '--json');
  if (stdout === '') throw new Error(stderr);
  return { code, report: JSON.parse(stdout) as StoreReport };
}
