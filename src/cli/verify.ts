import { setTimeout as pause } from 'node:timers/promises';
import type { Verification } from '../api/operations.ts';
import type { Config } from '../config/schema.ts';
import { CausewayError } from '../model/errors.ts';
import { damageText, isWhole, type StoreReport } from '../model/store-damage.ts';
import { STORE_FORMAT } from '../model/store-format.ts';
import { controlSocketPath } from '../platform/store-folder.ts';
import { CONFIG_OPTION, type CliCommand, type CliContext, JSON_OPTION } from './command.ts';
import { configOptionText, configurationPath, loadOrThrow, shortPath } from './configuration.ts';
import { ControlClient } from './control-client.ts';
import { suggest, type Terminal } from './terminal.ts';
import { count, plural } from './wording.ts';

const POLL_MS = 200;
/** Lines of damage on a screen; `--json` has them all. */
const LINES_MAX = 40;

/** `causeway verify`: is every record that was stored still there, as it was written? */
export const verifyCommand: CliCommand = {
  name: 'verify',
  summary: 'Check every record of the store and list what is damaged or missing.',
  options: [CONFIG_OPTION, JSON_OPTION],
  examples: [
    ['verify --config facility.yaml', 'exit 0 when the store is whole, 1 when something is damaged or missing'],
    ['verify --json', 'everything found, by table and sequence, as JSON'],
  ],
  notes: [
    'Asks the appliance when it runs, else looks at the store itself. Nothing in the store is changed either way.',
    'damaged: there, but not as it was written. missing: the store had it.',
    'unsettled: an entry that left its lane without a record of how.',
    'Entries are named DESTINATION:LANE SEQUENCE; a message is m and its sequence with 16 digits.',
  ],
  async run(values, context) {
    const config = await loadOrThrow(configurationPath(values, context));
    const { store } = config;
    const report = (await askRunning(store.path)) ?? (await lookItself(config, context));
    if (values.flag('json')) context.terminal.out(JSON.stringify(report));
    else for (const line of reportLines(report)) context.terminal.out(line);
    if (isWhole(report)) return 0;
    context.terminal.say(`The store ${shortPath(store.path)} was not changed.`);
    suggest(context.terminal as Terminal, `salvage --to ${shortPath(store.path)}-salvaged${configOptionText(values)}`);
    return 1;
  },
};

/** The report of the running appliance; null when none runs. */
async function askRunning(storePath: string): Promise<StoreReport | null> {
  const control = new ControlClient(controlSocketPath(storePath));
  try {
    await control.post<Verification>('/v1/verification', {});
    for (;;) {
      const { report } = await control.get<Verification>('/v1/verification');
      if (report !== null) return report;
      await pause(POLL_MS);
    }
  } catch (error) {
    if (error instanceof CausewayError && error.code === 'NOT_RUNNING') return null;
    throw error;
  }
}

async function lookItself(config: Config, { clock }: CliContext): Promise<StoreReport> {
  const { verifyStore } = await import('../appliance/store-verify.ts');
  return verifyStore(config, clock);
}

/** A report as lines for people. */
export function reportLines(report: StoreReport): readonly string[] {
  const read = `${plural(report.records, 'record')} read`;
  const older = report.format < STORE_FORMAT ? [olderText(report.format)] : [];
  if (isWhole(report)) return [`The store is whole: ${read}, none damaged or missing.`, ...older];
  const rest = report.damage.length - LINES_MAX;
  return [
    `The store is damaged: ${read}, ${count(report.damagedRecords)} damaged or missing.`,
    ...report.files.map(({ file, what }) => `  file ${file}: ${what}`),
    ...report.damage.slice(0, LINES_MAX).map((damage) => `  ${damageText(damage)}`),
    ...(rest > 0 ? [`  … and ${count(rest)} more; --json lists them`] : []),
    ...older,
  ];
}

const olderText = (format: number): string =>
  `Its records have format ${format}; they were looked at in format ${STORE_FORMAT}, which the next start gives them.`;
