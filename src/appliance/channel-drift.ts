import { DRIFT_KINDS } from '../model/drift.ts';
import { DriftWatch } from '../profiles/drift.ts';
import type { ChannelDeskParts } from './channel-desk.ts';

/** Compares the messages of a channel with what its profile learned, and counts; null when it has learned nothing. */
export function watchDrift({
  config,
  clock,
  metrics,
}: Pick<ChannelDeskParts, 'config' | 'clock' | 'metrics'>): DriftWatch | null {
  const { learned } = config.profile;
  if (learned === undefined) return null;
  const counters = new Map(
    DRIFT_KINDS.map((kind) => [kind, metrics.counter('causeway_profile_drift_total', { channel: config.id, kind })]),
  );
  return new DriftWatch(learned, clock, (kind) => counters.get(kind)?.add());
}
