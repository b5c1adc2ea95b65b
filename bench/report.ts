/** The result of a bench run as JSON and as tables for people. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { OutageRow, StartFigures } from './outage.ts';
import { median, type ThroughputRow } from './throughput.ts';

/** The machine that the figures belong to: without it they mean nothing. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryMb: number;
  readonly kernel: string;
  readonly node: string;
  /** One 1 KB append and its fdatasync on the disk of the stores, median in ms: every other figure hangs on it. */
  readonly syncMs: number;
  /** Load average of the last minute when the bench began; above 1 the figures are of a busy machine. */
  readonly loadAtStart: number;
  readonly at: string;
}

/** Everything measured. Parts left out with `--only` are null. */
export interface BenchReport {
  readonly machine: Machine;
  readonly options: Readonly<Record<string, unknown>>;
  readonly throughput: readonly ThroughputRow[] | null;
  readonly start: StartFigures | null;
  readonly outage: readonly OutageRow[] | null;
}

/** Describes this machine; `folder` is on the disk of the stores. */
export function machine(folder: string): Machine {
  const processors = cpus();
  return {
    cores: processors.length,
    processor: processors[0]?.model.trim() ?? 'unknown',
    memoryMb: Math.round(totalmem() / 1_048_576),
    kernel: release(),
    node: process.version,
    syncMs: syncMs(folder),
    loadAtStart: loadavg()[0] ?? 0,
    at: new Date().toISOString(),
  };
}

function syncMs(folder: string): number {
  const path = join(folder, 'sync-probe');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(1_024);
  const times = Array.from({ length: 200 }, () => {
    const startedAt = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    return performance.now() - startedAt;
  });
  closeSync(file);
  rmSync(path);
  return median(times);
}

/** Tables for a terminal: ratios to the references first, they survive a change of machine. */
export function tables(report: BenchReport): string {
  const { machine: host, throughput, start, outage } = report;
  const lines = [
    `${host.cores} cores, kernel ${host.kernel}, node ${host.node}, load ${host.loadAtStart.toFixed(1)}`,
    '',
  ];
  if (throughput !== null) lines.push(...throughputTable(throughput), '');
  if (start !== null) lines.push(`cold start to first ACK: ${Math.round(start.coldMedianMs)} ms`, '');
  if (outage !== null) lines.push(...outageTable(outage), '');
  return lines.join('\n');
}

function throughputTable(rows: readonly ThroughputRow[]): readonly string[] {
  const header = [
    'corpus',
    'conn',
    'target',
    'of leveldb',
    'of bare',
    'msgs/s',
    'p50 ms',
    'p99 ms',
    'max ms',
    'CPU µs',
    'RSS MB',
    'disk B',
    'deliv/s',
  ];
  const cells = rows.map((row) => [
    row.corpus,
    String(row.connections),
    row.target,
    fixed(row.ratioToLeveldb, 2),
    fixed(row.ratioToBare, 2),
    fixed(row.messagesPerSecond, 0),
    fixed(row.ackMs.p50, 2),
    fixed(row.ackMs.p99, 2),
    fixed(row.ackMs.max, 1),
    fixed(row.cpuMicrosPerMessage, 0),
    fixed(row.peakRssMb, 0),
    fixed(row.diskBytesPerMessage, 0),
    fixed(row.deliveredPerSecond, 0),
  ]);
  return aligned([header, ...cells]);
}

function outageTable(rows: readonly OutageRow[]): readonly string[] {
  const header = [
    'outage',
    'events/request',
    'acked/s',
    'RSS MB before',
    'peak',
    'anonymous',
    'disk B',
    'restart ms',
    'drain/s',
  ];
  const cells = rows.map((row) => [
    String(row.messages),
    String(row.maxEvents),
    fixed(row.acknowledgedPerSecond, 0),
    fixed(row.rssMbBefore, 0),
    fixed(row.rssMbPeak, 0),
    fixed(row.anonymousMb, 0),
    fixed(row.diskBytesPerMessage, 0),
    fixed(row.restartToFirstAckMs, 0),
    fixed(row.drainedPerSecond, 0),
  ]);
  return aligned([header, ...cells]);
}

const fixed = (value: number | null, digits: number): string => (value === null ? '-' : value.toFixed(digits));

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '));
}
