import { resolve } from 'node:path';
import { CausewayError } from '../model/errors.ts';
import { controlSocketPath } from '../platform/store-folder.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';
import { CONFIG_OPTION, type CliCommand, JSON_OPTION } from './command.ts';
import { configurationPath, readConfig, shortPath } from './configuration.ts';
import { ControlClient } from './control-client.ts';
import type { Finding } from './doctor-checks.ts';

const MARKS = {
  ok: { text: 'ok  ', colour: 'green' },
  warn: { text: 'warn', colour: 'yellow' },
  fail: { text: 'FAIL', colour: 'red' },
} as const;

/** `causeway doctor`: a list for those who run the machine. */
export const doctorCommand: CliCommand = {
  name: 'doctor',
  summary: 'Check configuration, encryption, folders, network, clock and the running appliance.',
  options: [CONFIG_OPTION, JSON_OPTION],
  examples: [
    ['doctor --config facility.yaml', 'one line per check; exit 1 when one fails'],
    ['doctor --json', 'the same for programs'],
  ],
  notes: ['Run it as the user of the service (`sudo -u causeway …`): others may not read keys or ask the appliance.'],
  async run(values, context) {
    const { terminal } = context;
    const findings = await examine(configurationPath(values, context), context.clock.nowMs());
    const failed = findings.some(({ level }) => level === 'fail');
    if (values.flag('json')) terminal.out(JSON.stringify({ ok: !failed, findings }));
    else {
      for (const { level, topic, text } of findings)
        terminal.out(`${terminal.paint(MARKS[level].colour, MARKS[level].text)}  ${topic}: ${text}`);
    }
    return failed ? 1 : 0;
  },
};

async function examine(path: string, nowMs: number): Promise<readonly Finding[]> {
  const checks = await import('./doctor-checks.ts');
  const { formatConfigProblem } = await import('../config/load.ts');
  const runtime: Finding = { level: 'ok', topic: 'runtime', text: `Node ${process.version}.` };
  const loaded = await readConfig(path);
  if (!loaded.ok) {
    const problems = loaded.problems.map((problem): Finding => {
      return { level: 'fail', topic: 'configuration', text: formatConfigProblem(problem) };
    });
    return [...problems, runtime];
  }
  const { config } = loaded;
  return [
    { level: 'ok', topic: 'configuration', text: `${shortPath(path)} has no problems.` },
    checks.checkEncryption(config),
    ...checks.checkStoreFolder(config),
    ...checks.checkNetwork(config),
    checks.checkClock(nowMs, config.facility.timezone),
    runtime,
    ...checks.checkRunning(await statusOf(config.store.path)),
  ];
}

async function statusOf(storePath: string): Promise<StatusSnapshot | null> {
  try {
    return await new ControlClient(controlSocketPath(resolve(storePath))).get<StatusSnapshot>('/v1/status');
  } catch (error) {
    if (error instanceof CausewayError) return null;
    throw error;
  }
}
