/**
 * One run of the delivery ledger (`test/support/tools/ledger-check.mjs`) against the real process: it plays the senders
 * and the ERP, kills and disturbs on a seeded plan, and compares what was acknowledged with what had an effect.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../support/free-port.ts';
import { CAUSEWAY, REPOSITORY, smallestConfig } from '../support/start-appliance.ts';

/** How long and how hard. */
export interface LedgerOptions {
  readonly seconds: number;
  /** Seed of the plan, so that a failure can be repeated. */
  readonly seed: number;
  readonly maxEvents: number;
  /** Acts by time, e.g. `1 sink=hang; 4 exec CAUSEWAY status`, instead of the seeded chaos; CAUSEWAY takes --config. */
  readonly plan?: string;
  /** Further lines of the destination, indented by four spaces. */
  readonly destinationExtra?: string;
  /** May later messages of a key pass one that is held? Default `block`, as the default of a destination is. */
  readonly parkedPolicy?: 'block' | 'skip';
  /** Share of messages that are sent badly first; default 0.05. */
  readonly senderChaos?: number;
  /** Mean pause of a sender between two messages, ms; default 3. */
  readonly paceMs?: number;
  /** Where configuration and store are; default: the folder for temporary files. */
  readonly parentDirectory?: string;
  /** Shell commands that cut the power below `parentDirectory` and bring it back: for the act `powercut`. */
  readonly power?: { readonly cut: string; readonly restore: string };
  /** Called before the appliance is started. */
  readonly onPrepared?: (prepared: { readonly statusUrl: string }) => void;
  /** Keep the folder with configuration, store, log and ledger after the run. */
  readonly keep: boolean;
  readonly quiet: boolean;
}

/** What the tool found. `violations` is empty when the verdict is PASS. */
export interface LedgerReport {
  readonly verdict: 'PASS' | 'FAIL';
  readonly sent: number;
  readonly acked: number;
  readonly applied: number;
  readonly parked: number;
  readonly starts: number;
  readonly tokensSeenMoreThanOnceOnWire: number;
  readonly sinkStatuses: Readonly<Record<string, number>>;
  readonly money: Readonly<Record<string, string>>;
  readonly ackMs: Readonly<Record<'p50' | 'p99' | 'max', number>>;
  readonly readyMs: readonly number[];
  readonly drainMs: number;
  readonly violations: Readonly<Record<string, { readonly count: number; readonly examples: readonly unknown[] }>>;
}

/** A report and where its evidence is (removed unless `keep`). */
export interface LedgerResult {
  readonly report: LedgerReport;
  readonly folder: string;
  /** Last lines of what the appliance logged. */
  readonly log: string;
}

/** Half of the acts are kill -9, the rest the ways an ERP misbehaves; one act every 600 ms, restarts permitting. */
const ACTS = 'kill9,kill9,kill9,sink=down,sink=reset-after,sink=html200';
const MEAN_MS = 600;

/** Runs the tool to its end. @throws Error when the check itself cannot run */
export async function runLedger(options: LedgerOptions): Promise<LedgerResult> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-ledger-'));
  const out = join(folder, 'report.json');
  try {
    const args = await ledgerArguments(folder, out, options);
    const code = await exitCodeOf([join(REPOSITORY, 'test/support/tools/ledger-check.mjs'), ...args]);
    const log = tail(readFileSync(join(folder, 'appliance.log'), 'utf8'));
    if (code === 2) throw new Error(`the ledger could not run:\n${log}`);
    return { report: JSON.parse(readFileSync(out, 'utf8')) as LedgerReport, folder, log };
  } finally {
    if (!options.keep) rmSync(folder, { recursive: true, force: true });
  }
}

async function ledgerArguments(folder: string, out: string, options: LedgerOptions): Promise<readonly string[]> {
  const [mllpPort = 0, statusPort = 0, erpPort = 0] = await freePorts(3);
  // The evidence stays where no power is cut.
  const place = options.parentDirectory === undefined ? folder : mkdtempSync(join(options.parentDirectory, 'store-'));
  const config = join(place, 'facility.yaml');
  const erpUrl = `http://127.0.0.1:${erpPort}/events`;
  writeFileSync(config, smallestConfig({ ...options, statusPort, mllpPort, erpUrl }));
  options.onPrepared?.({ statusUrl: `http://127.0.0.1:${statusPort}` });
  const parked = [`${CAUSEWAY} exceptions list --all --json`, `${CAUSEWAY} dead-letters list --json`];
  const settings: Readonly<Record<string, string>> = {
    start: `${CAUSEWAY} run --config ${config}`,
    mllp: `127.0.0.1:${mllpPort}`,
    ready: `http://127.0.0.1:${statusPort}/readyz`,
    'sink-port': String(erpPort),
    duration: String(options.seconds),
    ...(options.plan === undefined
      ? { chaos: `${options.seed}:${MEAN_MS}:${ACTS}` }
      : { plan: options.plan.replaceAll(/\bCAUSEWAY ([^;]*)/g, `${CAUSEWAY} $1 --config ${config}`) }),
    connections: '8',
    keys: '24',
    'sender-chaos': String(options.senderChaos ?? 0.05),
    'amount-key': 'amount',
    'parked-cmd': parked.map((command) => `${command} --config ${config} 2>/dev/null`).join('; '),
    'parked-policy': options.parkedPolicy ?? 'block',
    ledger: folder,
    out,
    ...(options.paceMs === undefined ? {} : { pace: String(options.paceMs) }),
    ...(options.power === undefined
      ? {}
      : { 'powercut-cmd': options.power.cut, 'powercut-restore': options.power.restore }),
  };
  const pairs = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return [...pairs, '--final-restart', ...(options.quiet ? ['--quiet'] : [])];
}

function exitCodeOf(args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, args, { cwd: REPOSITORY, stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((settle, reject) => child.once('error', reject).once('exit', settle));
}

const tail = (text: string): string => text.split('\n').slice(-40).join('\n');
