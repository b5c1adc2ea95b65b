/** What /proc says about a process (proc(5)). */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Kernel ticks per second that /proc/PID/stat counts in: 100 on every Linux of today. */
const TICKS_PER_SECOND = 100;

/** CPU in seconds, memory in MB. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly rssMb: number;
  /** Highest resident set so far. */
  readonly peakRssMb: number;
  /** Resident memory that is not a file: heap and buffers, without mapped table files. */
  readonly anonymousMb: number;
}

/** Reads the figures of a running process. */
export function processFigures(pid: number): ProcessFigures {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    rssMb: megabytes('VmRSS'),
    peakRssMb: megabytes('VmHWM'),
    anonymousMb: megabytes('RssAnon'),
  };
}

/** Bytes of all files below a folder; files that vanish while being counted count as nothing. */
export function folderBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    try {
      // Allocated, not apparent: a preallocated file counts with what it takes from the disk.
      bytes += statSync(join(entry.parentPath, entry.name)).blocks * 512;
    } catch {
      // Compaction removed it.
    }
  }
  return bytes;
}
