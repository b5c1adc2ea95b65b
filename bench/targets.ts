/** What is measured: the appliance with two delivery settings, beside two references. Each run starts a fresh one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Appliance, prepareAppliance } from '../test/support/start-appliance.ts';
import { folderBytes } from './process-figures.ts';

/** Names as they appear in the table; the number is `batch.maxEvents`. */
export const TARGETS = ['bare', 'leveldb', 'causeway-100', 'causeway-1'] as const;
export type TargetName = (typeof TARGETS)[number];

/** Stores are made here and not below /tmp, which is memory on many machines: a sync there costs nothing. */
export const STORES = join(import.meta.dirname, 'build');

/** A running server under measurement. */
export interface Target {
  readonly port: number;
  readonly pid: number;
  /** Bytes that its store takes on disk; 0 for the reference without one. */
  diskBytes(): number;
  /** Last lines that it wrote, for the case that it ends while it is measured. */
  logs(): string;
  stop(): Promise<void>;
}

/** True for the targets that deliver. */
export const delivers = (name: TargetName): boolean => name.startsWith('causeway');

/** Starts a target with an empty store. `erpUrl` is where the appliance delivers to. */
export async function startTarget(name: TargetName, erpUrl: string): Promise<Target> {
  if (!delivers(name)) return startReference(name);
  return startedTarget(await prepareCauseway(erpUrl, Number(name.split('-')[1])));
}

/** Starts a prepared appliance. */
export async function startedTarget(appliance: Appliance): Promise<Target> {
  try {
    await appliance.start();
  } catch (cause) {
    await appliance.dispose();
    throw cause;
  }
  return {
    port: appliance.mllpPort,
    pid: appliance.pid(),
    diskBytes: () => storeBytes(appliance),
    logs: () => appliance.logs().slice(-2_000),
    stop: () => appliance.dispose(),
  };
}

/** The appliance with the smallest configuration, not started; `program`: the `bin/causeway` of another checkout. */
export const prepareCauseway = (erpUrl: string, maxEvents: number, program?: string): Promise<Appliance> =>
  prepareAppliance({ erpUrl, maxEvents, parentDirectory: STORES, ...(program === undefined ? {} : { program }) });

/** Bytes of the appliance's database on disk; the reserve beside it does not grow with messages. */
export const storeBytes = ({ directory }: Appliance): number => folderBytes(join(directory, 'data', 'db'));

async function startReference(name: TargetName): Promise<Target> {
  const folder = mkdtempSync(join(STORES, 'reference-'));
  const program = join(import.meta.dirname, `references/${name}.ts`);
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    port: Number(port.toString()),
    pid: child.pid ?? -1,
    diskBytes: () => folderBytes(folder),
    logs: () => '',
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
