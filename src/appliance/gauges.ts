import type { Operations } from '../api/operations.ts';
import { DISK_STATES } from '../model/disk.ts';
import type { Metrics } from '../status/registry.ts';

/** Sets the gauges that are only worth computing when somebody looks, from the status, before each look. */
export function fillGauges(metrics: Metrics, operations: Operations): void {
  metrics.beforeRender(async () => {
    const { certificates, destinations, disk, memory, store, openCases, nowMs } = await operations.status();
    metrics.gauge('causeway_store_damaged_records', {}).set(store.damage?.records ?? 0);
    metrics.gauge('causeway_exception_cases', { state: 'open' }).set(openCases);
    metrics.gauge('causeway_memory_bytes', { kind: 'heap' }).set(memory.heapBytes);
    metrics.gauge('causeway_memory_bytes', { kind: 'external' }).set(memory.externalBytes);
    metrics.gauge('causeway_disk_free_bytes', {}).set(disk.freeBytes);
    metrics.gauge('causeway_disk_reserve_bytes', {}).set(disk.reserveBytes);
    metrics.gauge('causeway_disk_hours_to_full', {}).set(disk.hoursToFull ?? Number.POSITIVE_INFINITY);
    for (const state of DISK_STATES) {
      metrics.gauge('causeway_disk_state', { state }).set(disk.state === state ? 1 : 0);
    }
    for (const { owner, role, notAfterMs, trouble } of certificates) {
      metrics.gauge('causeway_certificate_not_after_timestamp_seconds', { owner, role }).set(notAfterMs / 1_000);
      metrics.gauge('causeway_certificate_trouble', { owner }).set(trouble === null ? 0 : 1);
    }
    for (const one of destinations) {
      const destination = one.id;
      const entries = (state: string) => metrics.gauge('causeway_outbox_entries', { destination, state });
      entries('waiting').set(one.waiting);
      entries('held').set(one.held);
      entries('dead').set(one.dead);
      entries('behind').set(one.blockedBehind);
      const age = one.oldestWaitingAtMs === null ? 0 : Math.max(0, nowMs - one.oldestWaitingAtMs) / 1_000;
      metrics.gauge('causeway_outbox_oldest_age_seconds', { destination }).set(age);
    }
  });
}
