/** A channel's intake over a real store in a temporary folder, without listener and delivery. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { FrameStore, type StoredMessage } from '../../outbox/frames.ts';
import { IdentityIndex } from '../../outbox/identity-index.ts';
import { LaneStore } from '../../outbox/lane-store.ts';
import { Totals } from '../../outbox/totals.ts';
import { CaseStore } from '../../src/exceptions/case-store.ts';
import { hl7v2Settings } from '../../src/formats/hl7v2-settings.ts';
import { type AcknowledgmentSettings, acknowledgmentSettings } from '../../src/hl7/acknowledgment-settings.ts';
import { type ChannelProfile, profileSettings } from '../../src/mappings/profile.ts';
import type { ChannelId, DestinationId, FacilityId } from '../../src/model/ids.ts';
import type { IntakeResult } from '../../src/model/intake.ts';
import { createIntake, type IntakeChannel, type IntakeParts } from '../../src/pipeline/intake.ts';
import { Ledger, type Placed } from '../../src/pipeline/ledger.ts';
import { Cures, type ParkedChange } from '../../src/pipeline/reprocess.ts';
import { compileRoute } from '../../src/pipeline/route.ts';
import { type ChannelPolicy, policySettings } from '../../src/pipeline/settings.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { Database } from '../../src/platform/database.ts';
import type { OpenDisk } from '../../src/platform/disk.ts';
import { silentLog } from '../../src/platform/log.ts';

export interface IntakeFixtureOptions {
  readonly policy?: Partial<ChannelPolicy>;
  readonly acknowledgment?: Partial<AcknowledgmentSettings>;
  readonly when?: string;
  /** Default: a disk with room. */
  readonly disk?: IntakeParts['disk'];
  /** Wall clock. */
  readonly nowMs?: () => number;
  readonly monotonicMs?: () => number;
  /** Default: LevelDB. */
  readonly openDisk?: OpenDisk;
  /** Folder of an earlier fixture that was closed; default: a fresh one. */
  readonly location?: string;
}

export const ERP = 'erp' as DestinationId;
export const CLINICAL = 'clinical' as ChannelId;

export async function openIntakeFixture(options: IntakeFixtureOptions = {}) {
  const location = options.location ?? mkdtempSync(join(tmpdir(), 'causeway-intake-'));
  const { nowMs = systemClock.nowMs, monotonicMs = systemClock.monotonicMs } = options;
  const clock = { ...systemClock, nowMs, monotonicMs };
  const totals = new Totals();
  const log = silentLog;
  const database = await Database.open({
    ...{ location, createIfMissing: true, clock, log },
    onGroup: (group) => totals.write(group),
    ...(options.openDisk === undefined ? {} : { openDisk: options.openDisk }),
  });
  await totals.load(database);
  onTestFinished(async () => {
    await database.close();
    rmSync(location, { recursive: true, force: true });
  });
  const lane = new LaneStore({ destinationId: ERP, lane: 'normal' }, database, totals);
  const facility = { id: 'north' as FacilityId, timezone: 'America/Chicago', currency: 'USD' };
  const frames = new FrameStore(database, totals, { clock, blind: null });
  await frames.loadIndex({ windowDays: 31, keepDays: 31, onFailed: () => {} });
  const identities = new IdentityIndex(database, { clock, blind: null });
  await identities.load();
  const cases = new CaseStore(database, totals);
  const lanes = new Map([[ERP, lane]]);
  const ledger = new Ledger({ facilityId: facility.id, epoch: 1, frames, cases, identities, totals, lanes });
  const route = { to: ERP, ...(options.when === undefined ? {} : { when: options.when }) };
  const channel: IntakeChannel & { profile: ChannelProfile } = {
    id: CLINICAL,
    format: hl7v2Settings.parse({ kind: 'hl7v2' }),
    profile: profileSettings.parse({}),
    policy: policySettings.parse(options.policy ?? {}),
    acknowledgment: acknowledgmentSettings.parse(options.acknowledgment ?? {}),
    routes: [compileRoute(route)],
  };
  const placed: Placed[] = [];
  const changes: ParkedChange[] = [];
  const seen: (StoredMessage | null)[] = [];
  const intake = createIntake({
    ...{ channel, facility, database, ledger, clock, disk: options.disk ?? { refusal: null } },
    onPlaced: (fresh) => placed.push(...fresh),
    onMessage: (message) => seen.push(message),
    onUnsent: () => {},
  });
  const cures = new Cures({
    ...{ database, ledger, facility, clock, channels: new Map([[CLINICAL, channel]]) },
    onCured: (changed, fresh) => {
      changes.push(...changed);
      placed.push(...fresh);
    },
  });
  const send = (message: string | Buffer): Promise<IntakeResult> => {
    const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
    return intake({ channelId: CLINICAL, remote: '127.0.0.1:1', receivedAtMs: clock.nowMs(), bytes });
  };
  return {
    intake,
    send,
    location,
    database,
    totals,
    lane,
    frames,
    cases,
    identities,
    cures,
    placed,
    changes,
    seen,
    channel,
    facility,
    /** The operator corrected the profile of the channel. */
    correctProfile(corrected: object): void {
      channel.profile = profileSettings.parse(corrected);
    },
    counts: () => totals.channel(CLINICAL),
  };
}

export const replyText = ({ reply }: IntakeResult): string => reply.toString('latin1').replaceAll('\r', '\n');
