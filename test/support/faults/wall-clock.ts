/** A wall clock that jumps while the appliance runs; its monotonic clock goes on as it is (libfaketime). */
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

const [LIBRARY] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');

/** libfaketime is installed. */
export const canFakeTime = LIBRARY !== undefined;

/** The environment for the appliance, and the hand on its clock. */
export interface WallClock {
  readonly environment: Readonly<Record<string, string>>;
  /** `+1y`, `-1h` from the true time, or `@2026-12-31 23:59:58` (UTC) from where it goes on. */
  set(time: string): void;
}

/** A clock for the present test; it shows the true time until it is set. */
export function fakeWallClock(): WallClock {
  const file = join(temporaryFolder('clock'), 'time');
  const set = (time: string): void => writeFileSync(file, `${time}\n`);
  set('+0');
  return {
    set,
    environment: {
      TZ: 'UTC',
      LD_PRELOAD: LIBRARY ?? '',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_NO_CACHE: '1',
      FAKETIME_TIMESTAMP_FILE: file,
    },
  };
}
