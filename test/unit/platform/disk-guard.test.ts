import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DiskFacts } from '../../../src/platform/disk-facts.ts';
import { DiskForecast } from '../../../src/platform/disk-forecast.ts';
import { DiskGuard } from '../../../src/platform/disk-guard.ts';
import { diskSettings } from '../../../src/platform/disk-settings.ts';
import { silentLog } from '../../../src/platform/log.ts';

const MIB = 1_048_576;
/** 1,000 MiB: the marks stand at 100, 50 and 20 MiB, the reserve takes 16. */
const SETTINGS = diskSettings.parse({ reserve: { bytes: 16 * MIB, percent: 2 }, checkIntervalMs: 1_000 });

/** A disk whose room the test decides; what the guard itself writes is subtracted as a kernel does. */
async function guarded(first: Partial<DiskFacts> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-disk-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const disk = {
    ...{ sizeBytes: 1_000 * MIB, freeBytes: 900 * MIB, inodes: 0, freeInodes: 0, readOnly: false, ...first },
    refusal: null as string | null,
  };
  const inReserve = (): readonly string[] => {
    try {
      return readdirSync(join(folder, 'reserve'));
    } catch {
      return [];
    }
  };
  const held = (): number => inReserve().reduce((sum, name) => sum + statSync(join(folder, 'reserve', name)).size, 0);
  let now = 0;
  const due: (() => void)[] = [];
  const guard = await DiskGuard.start({
    folder,
    settings: SETTINGS,
    clock: { nowMs: () => 0, monotonicMs: () => now, after: (_, action) => ({ cancel() {}, at: due.push(action) }) },
    log: silentLog,
    measure: async () => ({ ...disk, freeBytes: Math.max(0, disk.freeBytes - held()), freeInodes: disk.freeInodes }),
    probe: async () => disk.refusal,
  });
  onTestFinished(() => guard.stop());
  const look = async (times = 1): Promise<string> => {
    for (let at = 0; at < times; at += 1) {
      now += 1_000;
      await guard.check();
    }
    return guard.status.state;
  };
  return { guard, disk, look, held, folder };
}

describe('the marks', () => {
  test('warn, AE, stop reading, and back a quarter above each mark', async () => {
    const { guard, disk, look } = await guarded();
    const states: [number, string, string | null, boolean][] = [];
    for (const free of [900, 90, 60, 49, 30, 19, 24, 30, 49, 62, 70, 120, 126]) {
      disk.freeBytes = free * MIB + 16 * MIB;
      states.push([free, await look(), guard.refusal, guard.isPaused]);
    }
    expect(states).toEqual([
      [900, 'plenty', null, false],
      [90, 'warn', null, false],
      [60, 'warn', null, false],
      [49, 'refusing', 'STORE_FULL', false],
      [30, 'refusing', 'STORE_FULL', false],
      [19, 'paused', 'STORE_FULL', true],
      [24, 'paused', 'STORE_FULL', true],
      [30, 'refusing', 'STORE_FULL', false],
      [49, 'refusing', 'STORE_FULL', false],
      [62, 'refusing', 'STORE_FULL', false],
      [70, 'warn', null, false],
      [120, 'warn', null, false],
      [126, 'plenty', null, false],
    ]);
  });

  test('out of inodes is as full as out of bytes', async () => {
    const { guard, disk, look } = await guarded({ inodes: 10_000, freeInodes: 9_000 });
    disk.freeInodes = 450;
    expect(await look()).toBe('refusing');
    disk.freeInodes = 150;
    expect(await look()).toBe('paused');
    disk.freeInodes = 9_000;
    expect(await look()).toBe('plenty');
    expect(guard.refusal).toBeNull();
  });

  test('a file system that takes no writes is answered AE, and taken again by itself', async () => {
    const { guard, disk, look } = await guarded();
    disk.readOnly = true;
    expect([await look(), guard.refusal]).toEqual(['read-only', 'STORE_READ_ONLY']);
    disk.readOnly = false;
    expect([await look(), guard.refusal]).toEqual(['plenty', null]);
    // One that does not say so: the failed store makes us ask with a write.
    disk.refusal = 'EROFS';
    guard.storeFailed();
    expect([await look(), guard.refusal]).toEqual(['read-only', 'STORE_READ_ONLY']);
    disk.refusal = null;
    expect(await look()).toBe('plenty');
  });

  test('marks of a small disk are shares of it, and marks in the wrong order are refused', () => {
    expect(diskSettings.safeParse({ low: { freeBytes: 600 * MIB } }).success).toBe(false);
    expect(diskSettings.safeParse({ high: { freePercent: 1 } }).success).toBe(false);
  });
});

describe('the reserve', () => {
  test('is made of real blocks step by step, released at the low mark, made again when there is room', async () => {
    const { guard, disk, look, held, folder } = await guarded();
    expect(held()).toBe(0);
    await look(16);
    expect(held()).toBe(16 * MIB);
    const { blocks } = statSync(join(folder, 'reserve', '0'));
    expect(blocks * 512).toBeGreaterThanOrEqual(MIB);
    disk.freeBytes = 30 * MIB;
    expect(await look()).toBe('paused');
    expect(held()).toBe(0);
    // Giving it back is no room for messages: it stays at that.
    expect(await look(3)).toBe('paused');
    disk.freeBytes = 130 * MIB;
    await look();
    expect(guard.refusal).toBeNull();
    expect(held()).toBe(0); // 114 MiB are left above it: not yet a quarter above the warn mark
    disk.freeBytes = 200 * MIB;
    await look(16);
    expect(held()).toBe(16 * MIB);
  });

  test('survives a restart, and half of a file that a crash left is not counted', async () => {
    const { look, folder, held } = await guarded();
    await look(16);
    writeFileSync(join(folder, 'reserve', '3'), 'cut');
    writeFileSync(join(folder, 'reserve', 'probe'), 'left');
    const again = await DiskGuard.start({
      ...{ folder, settings: SETTINGS, log: silentLog, probe: async () => null },
      clock: { nowMs: () => 0, monotonicMs: () => 0, after: () => ({ cancel() {} }) },
      measure: async () => ({
        sizeBytes: 1_000 * MIB,
        freeBytes: 900 * MIB,
        inodes: 0,
        freeInodes: 0,
        readOnly: false,
      }),
    });
    onTestFinished(() => again.stop());
    expect(again.status.reserveBytes).toBe(15 * MIB);
    expect(held()).toBe(15 * MIB);
  });

  test('a quota that the free space does not show: AE until the whole reserve could be made again', async () => {
    const { guard, disk, look, held } = await guarded();
    await look(16);
    disk.refusal = 'EDQUOT';
    guard.storeFailed();
    expect([await look(), guard.refusal, held()]).toEqual(['refusing', 'STORE_FULL', 0]);
    disk.refusal = null;
    await look(2);
    expect([await look(), guard.refusal, held()]).toEqual(['plenty', null, 16 * MIB]);
  });
});

describe('the forecast', () => {
  const fed = (minutes: number, freeAt: (minute: number) => number): DiskForecast => {
    const forecast = new DiskForecast();
    for (let minute = 0; minute <= minutes; minute += 1) forecast.add(minute * 60_000, freeAt(minute));
    return forecast;
  };

  test('hours from the observed growth, whatever a compaction takes and gives', () => {
    const forecast = fed(120, (minute) => 1_000_000 - minute * 100 + (minute % 2 === 0 ? 400 : -400));
    expect(forecast.hoursUntil(600_000)).toBeCloseTo(600_000 / 6_000, 0);
  });

  test('none from a few minutes, from a disk that empties, or for a time that is far away', () => {
    expect(fed(9, (minute) => 1_000 - minute).hoursUntil(100)).toBeNull();
    expect(fed(60, (minute) => 1_000 + minute).hoursUntil(100)).toBeNull();
    expect(fed(60, () => 1_000).hoursUntil(100)).toBeNull();
    expect(fed(60, (minute) => 1e12 - minute).hoursUntil(1e11)).toBeNull();
  });

  test('forgets what is older than six hours', () => {
    const turned = fed(24 * 60, (minute) => (minute < 12 * 60 ? 1_000_000 : 1_000_000 - (minute - 720) * 60));
    expect(turned.hoursUntil(36_000)).toBeCloseTo(10, 1);
  });
});
