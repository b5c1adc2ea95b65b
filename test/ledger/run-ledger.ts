/** `npm run test:ledger -- --seconds 60 [--seed N] [--max-events N] [--keep]`: a longer run, the report as JSON. */
import { parseArgs } from 'node:util';
import { runLedger } from './ledger-run.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '42' },
    'max-events': { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});
const { report, folder, log } = await runLedger({
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  maxEvents: Number(values['max-events']),
  keep: values.keep,
  quiet: false,
});
console.log(JSON.stringify(report, null, 2));
if (report.verdict !== 'PASS') console.log(`last lines of the appliance:\n${log}`);
if (values.keep) console.log(`kept: ${folder}`);
console.log(`verdict ${report.verdict}`);
process.exitCode = report.verdict === 'PASS' ? 0 : 1;
