/** Rules of nftables for the ports of one test, in a table of its own: loss, reset, narrow link. Needs root. */
import { execFileSync } from 'node:child_process';
import { onTestFinished } from 'vitest';

/** The filter of the present test; it is gone when the test ends. */
export interface PacketFilter {
  /** Replaces the rules; each is what follows `add rule … input`, e.g. `tcp dport 1234 drop`. None: all pass. */
  set(...rules: readonly string[]): void;
}

let tables = 0;

/** Everything stays on loopback: give rules that name the ports of this test only. */
export function packetFilter(): PacketFilter {
  const table = `causeway_test_${process.pid}_${++tables}`;
  const nft = (script: string): void => void execFileSync('nft', ['-f', '-'], { input: script, stdio: 'pipe' });
  nft(`add table inet ${table}\nadd chain inet ${table} input { type filter hook input priority 0; }\n`);
  onTestFinished(() => nft(`delete table inet ${table}\n`));
  return {
    set: (...rules) =>
      nft(
        [`flush chain inet ${table} input`, ...rules.map((rule) => `add rule inet ${table} input ${rule}`), ''].join(
          '\n',
        ),
      ),
  };
}

/** Kills the established connections to a port from both ends, as a firewall that forgot them does. */
export function killConnections(port: number): void {
  execFileSync('ss', ['-K', 'dport', '=', String(port)], { stdio: 'ignore' });
}
