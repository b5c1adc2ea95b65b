/** A listener of any kind with an intake of the test, and senders for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { FrameBudget } from '../../listeners/frame-budget.ts';
import { createListener, type ListenerSettings } from '../../listeners/index.ts';
import type { ListenerObserver } from '../../listeners/listener.ts';
import type { MllpSettings } from '../../listeners/mllp-settings.ts';
import type { ChannelId } from '../../src/model/ids.ts';
import type { Intake } from '../../src/model/intake.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type LogFields, silentLog } from '../../src/platform/log.ts';
import { WatchedTls } from '../../src/platform/watched-tls.ts';
import { type Driver, drivers } from './drivers.ts';

/** Every kind of listener with its driver. */
export const kinds = Object.entries(drivers).map(([kind, driver]) => ({ kind, driver }));

/** What the listener told its observer. */
export interface Noted {
  refused: string[];
  stray: number;
  slowed: number;
  open: number;
}

/** A line that the listener logged. */
export interface Logged extends LogFields {
  readonly level: string;
  readonly text: string;
}

/** A listener that runs until the test ends; `gate.open` says whether anything may be read. */
export async function started(
  driver: Driver,
  intake: Intake,
  overrides: Partial<MllpSettings> = {},
  budgetBytes = 1e9,
) {
  const noted: Noted = { refused: [], stray: 0, slowed: 0, open: 0 };
  const observe: ListenerObserver = {
    connections: (open) => {
      noted.open = open;
    },
    strayBytes: (count) => {
      noted.stray += count;
    },
    frameRefused: (reason) => void noted.refused.push(reason),
    connectionRefused: (reason) => void noted.refused.push(reason),
    senderSlowed: () => {
      noted.slowed += 1;
    },
  };
  const gate = { open: true };
  const settings = driver.settings(overrides);
  const log: Logged[] = [];
  const note =
    (level: string) =>
    (text: string, fields: LogFields = {}) =>
      void log.push({ level, text, ...fields });
  const tls = await watchedTls(settings);
  const listener = createListener(settings, {
    channelId: 'lab' as ChannelId,
    intake,
    refuseOversized: (first) => Buffer.from(`refused ${first.length > 0}`),
    refuseEmpty: () => Buffer.from('refused empty'),
    mayRead: () => gate.open,
    frameBudget: new FrameBudget(budgetBytes),
    tls,
    clock: systemClock,
    log: { error: note('error'), warn: note('warn'), info: note('info'), debug: note('debug') },
    observe,
  });
  const address = await listener.start();
  onTestFinished(() => listener.stop(0));
  const connect = async () => {
    const sender = await driver.connect(address);
    onTestFinished(() => sender.destroy());
    return sender;
  };
  return { listener, address, connect, noted, gate, log, tls };
}

async function watchedTls({ tls }: ListenerSettings): Promise<WatchedTls | null> {
  if (tls === undefined) return null;
  const files = { ...tls, caFile: tls.clientCaFile };
  return WatchedTls.read({ owner: 'channel lab', files, clock: systemClock, log: silentLog });
}

/** Answers with the payload, after a pause that differs from frame to frame. */
export const echoAfter =
  (pauseMs: (payload: string) => number, log: string[] = []): Intake =>
  async (frame) => {
    const payload = frame.bytes.toString('latin1');
    await sleep(pauseMs(payload));
    log.push(`committed ${payload}`);
    return { disposition: 'accepted', messageId: null, ackCode: 'AA', reply: Buffer.from(`reply ${payload}`) };
  };
