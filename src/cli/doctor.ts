import { resolve } from 'node:path';
import type { Clock } from '../model/clock.ts';
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
  summary: 'Check configuration, encryption, folders, network, certificates, ports, clock and the running appliance.',
  options: [CONFIG_OPTION, JSON_OPTION, { flags: '--strict', text: 'Exit 1 for a warning, too.' }],
  examples: [
    ['doctor --config facility.yaml', 'one line per check; exit 1 when one fails'],
    ['doctor --strict', 'exit 1 also when something is only worth a warning'],
    ['doctor --json', 'the same for programs'],
  ],
  notes: [
    'FAIL: it cannot work so, exit 1. warn: it works, and somebody ought to decide, exit 0 (with --strict 1).',
    'While no appliance runs, each port is taken for a moment, and the keys are compared with the store.',
    'Run it as the user of the service (`sudo -u causeway …`): others may not read keys or ask the appliance.',
  ],
  async run(values, context) {
    const { terminal } = context;
    const findings = await examine(configurationPath(values, context), context.clock);
    const failed = findings.some(({ level }) => level === 'fail');
    if (values.flag('json')) terminal.out(JSON.stringify({ ok: !failed, findings }));
    else {
      for (const { level, topic, text } of findings)
        terminal.out(`${terminal.paint(MARKS[level].colour, MARKS[level].text)}  ${topic}: ${text}`);
    }
    const strict = values.flag('strict') && findings.some(({ level }) => level === 'warn');
    return failed || strict ? 1 : 0;
  },
};

async function examine(path: string, clock: Clock): Promise<readonly Finding[]> {
  const [checks, { checkEncryption }, { checkPorts }, { checkCertificates }] = await Promise.all([
    import('./doctor-checks.ts'),
    import('./doctor-keys.ts'),
    import('./doctor-ports.ts'),
    import('./doctor-certificates.ts'),
  ]);
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
  const snapshot = await statusOf(config.store.path);
  return [
    { level: 'ok', topic: 'configuration', text: `${shortPath(path)} has no problems.` },
    await checkEncryption(config, { running: snapshot?.store.encryption ?? null, clock }),
    ...checks.checkStoreFolder(config),
    ...checks.checkStoreFormat(config),
    ...checks.checkNetwork(config),
    ...checkCertificates(config, clock.nowMs()),
    ...(snapshot === null ? await checkPorts(config) : []),
    checks.checkClock(clock.nowMs(), config.facility.timezone),
    runtime,
    ...checks.checkRunning(snapshot),
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
