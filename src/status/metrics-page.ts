import { METRICS } from './metrics.ts';

const code = (text: string): string => `\`${text}\``;

/** The whole text of `docs/metrics.md`. A test fails when the file differs. */
export function metricsPage(): string {
  const rows = Object.entries(METRICS).map(([name, { type, unit, labels, help }]) => {
    const labelText = labels.length === 0 ? '–' : labels.map(code).join(', ');
    return `| ${code(name)} | ${type} | ${unit} | ${labelText} | ${help} |`;
  });
  return `# Metrics

Generated from \`src/status/metrics.ts\`; do not edit.

\`GET /metrics\` on the status port answers in the Prometheus text format. No label ever holds patient data: labels are
ids of the configuration and words of the product. Beside the metrics below stand the usual \`process_*\` and
\`nodejs_*\` ones (CPU time, resident memory, event loop lag, garbage collection).

| metric | type | unit | labels | meaning |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}
