/**
 * `npm run simulate -- --seed N --runs M`: runs the plans of the seeds N, N+1, … and prints what a run violated, with
 * its seed and plan. `--trace` prints everything that happened; one seed gives the same trace in every run.
 */
import { parseArgs } from 'node:util';
import { simulate } from './world.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    trace: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const runs = Number(values.runs);
const began = performance.now();
let failed = 0;
let acknowledged = 0;
let effects = 0;
let lives = 0;
for (let seed = first; seed < first + runs; seed += 1) {
  const report = await simulate(seed);
  acknowledged += report.acknowledged;
  effects += report.effects;
  lives += report.lives;
  if (values.trace) for (const line of report.trace) console.log(line);
  if (report.violations.length === 0) continue;
  failed += 1;
  console.log(`seed ${seed} violates:`);
  for (const violation of report.violations) console.log(`  ${violation}`);
  console.log(`  plan: ${JSON.stringify(report.plan)}`);
}
const seconds = ((performance.now() - began) / 1_000).toFixed(1);
console.log(`${runs} runs, ${failed} with violations, in ${seconds} s`);
console.log(`${acknowledged} messages acknowledged, ${effects} effects at the ERP, ${lives} starts`);
process.exitCode = failed === 0 ? 0 : 1;
