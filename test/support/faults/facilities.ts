/** What this machine lets a fault test do. A test that needs more is skipped with a clear word. */
import { spawnSync } from 'node:child_process';

const works = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, [...args], { stdio: 'ignore' }).status === 0;

const isRoot = process.getuid?.() === 0;

/** Some containers forbid ptrace. */
export const canTrace = works('strace', '-f', '-e', 'trace=fdatasync', '-o', '/dev/null', 'true');
/** Loop devices are for root only. */
export const canMount = isRoot && works('mkfs.ext4', '-V') && works('losetup', '-f');

/** Says why the tests of a file are skipped; gives the negation back, for `skipIf`. */
export function missing(available: boolean, sentence: string): boolean {
  if (!available) console.log(`skipped: ${sentence}`);
  return !available;
}

/** util-linux. */
export const canLimitOpenFiles = works('prlimit', '--nofile', '--', 'true');

/** A cgroup of version 1 with the memory controller, writable. */
export const canLimitMemory =
  isRoot && works('sh', '-c', 'd=/sys/fs/cgroup/memory/causeway-probe-$$ && mkdir "$d" && rmdir "$d"');

/** nftables, and killing sockets with ss. */
export const canFilterPackets = isRoot && works('nft', 'list', 'tables') && works('ss', '-V');

/** Files of /etc that only one process sees differently. */
export const canMountPrivately = isRoot && works('unshare', '-m', 'true') && works('openssl', 'version');
