import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METRICS } from '../../../src/status/metrics.ts';
import { metricsPage } from '../../../src/status/metrics-page.ts';
import { createMetrics, SERIES_MAX } from '../../../src/status/registry.ts';

const bare = () => createMetrics({ processMetrics: false });

test('docs/metrics.md is the catalogue', () => {
  const written = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  expect(written, 'write the answer of metricsPage() to docs/metrics.md').toBe(metricsPage());
});

test.each(Object.entries(METRICS))('%s follows the naming rules', (name, spec) => {
  expect(name).toMatch(/^causeway_[a-z_]+$/);
  expect(name.endsWith('_total')).toBe(spec.type === 'counter');
  if (spec.unit === 'seconds') expect(name).toMatch(/_seconds$/);
  expect(spec.help).toMatch(/\.$/);
  if (spec.type === 'histogram') expect([...spec.buckets]).toEqual([...spec.buckets].sort((a, b) => a - b));
});

test('what was counted, set and observed is in the text', async () => {
  const metrics = bare();
  const accepted = metrics.counter('causeway_messages_total', { channel: 'clinical', disposition: 'accepted' });
  accepted.add();
  accepted.add(2);
  metrics.gauge('causeway_outbox_entries', { destination: 'erp', state: 'waiting' }).set(7);
  metrics.histogram('causeway_ack_seconds', { channel: 'clinical' }).observe(0.004);
  const text = await metrics.render();
  expect(text).toContain('causeway_messages_total{channel="clinical",disposition="accepted"} 3');
  expect(text).toContain('causeway_outbox_entries{destination="erp",state="waiting"} 7');
  expect(text).toContain('causeway_ack_seconds_bucket{le="0.002",channel="clinical"} 0');
  expect(text).toContain('causeway_ack_seconds_bucket{le="0.005",channel="clinical"} 1');
  expect(text).toContain('# TYPE causeway_commit_seconds histogram');
  expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
});

test('the same labels give the same child, and a bound counter shows 0 before its first count', async () => {
  const metrics = bare();
  const bind = () => metrics.counter('causeway_stray_bytes_total', { channel: 'lab' });
  expect(bind()).toBe(bind());
  expect(await metrics.render()).toContain('causeway_stray_bytes_total{channel="lab"} 0');
});

test('a flood of label values is counted under `other`', async () => {
  const metrics = bare();
  for (let at = 0; at < SERIES_MAX + 50; at += 1) {
    metrics.counter('causeway_frames_refused_total', { channel: `c${at}`, reason: 'too-large' }).add();
  }
  const lines = (await metrics.render())
    .split('\n')
    .filter((line) => line.startsWith('causeway_frames_refused_total{'));
  expect(lines).toHaveLength(SERIES_MAX + 1);
  expect(lines.at(-1)).toBe('causeway_frames_refused_total{channel="other",reason="other"} 50');
});

test('gauges that cost something are filled when somebody looks', async () => {
  const metrics = bare();
  metrics.beforeRender(async () => metrics.gauge('causeway_circuit_open', { destination: 'erp' }).set(1));
  expect(await metrics.render()).toContain('causeway_circuit_open{destination="erp"} 1');
});

test('the process itself is measured by default', async () => {
  const text = await createMetrics().render();
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']) {
    expect(text).toContain(`# TYPE ${name} `);
  }
});
