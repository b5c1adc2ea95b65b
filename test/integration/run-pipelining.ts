/** `npm run test:pipelining -- [--seconds 60] [--connections 64] [--depth 16] [--cut-every 1000]`: report as JSON. */
import { parseArgs } from 'node:util';
import { runPipelining } from '../support/pipelining.ts';
import { startAppliance } from '../support/start-appliance.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    connections: { type: 'string', default: '64' },
    depth: { type: 'string', default: '16' },
    /** ms; 0: connections stay. */
    'cut-every': { type: 'string', default: '0' },
  },
});
const appliance = await startAppliance({ erpUrl: 'http://127.0.0.1:9/nobody' });
try {
  const plan = {
    port: appliance.mllpPort,
    connections: Number(values.connections),
    depth: Number(values.depth),
    seconds: Number(values.seconds),
    cutEveryMs: Number(values['cut-every']),
  };
  const result = await runPipelining(plan);
  console.log(JSON.stringify({ ...plan, ...result }, null, 2));
  process.exitCode = result.faults.length === 0 && result.messages > 0 ? 0 : 1;
} finally {
  await appliance.dispose();
}
