import { resolve } from 'node:path';
import { isWhole } from '../model/store-damage.ts';
import { CONFIG_OPTION, type CliCommand, JSON_OPTION } from './command.ts';
import { configurationPath, loadOrThrow, shortPath } from './configuration.ts';
import { UsageError } from './option-values.ts';
import { reportLines } from './verify.ts';
import { count } from './wording.ts';

/** `causeway salvage`: what can still be read of a damaged store, in a copy. */
export const salvageCommand: CliCommand = {
  name: 'salvage',
  summary: 'Copy what can be read of a damaged store to a new folder, and show what is lost.',
  options: [
    CONFIG_OPTION,
    { flags: '--to <folder>', text: 'Folder of the copy; must not exist. It needs as much space as the store.' },
    JSON_OPTION,
  ],
  examples: [
    ['salvage --config facility.yaml --to ./data-salvaged', 'the store as it is and the copy, compared'],
    ['salvage --to /var/lib/causeway/salvaged --json', 'both reports as JSON: before and after'],
  ],
  notes: [
    'The appliance must be stopped. The store itself is never changed: keep it until the loss is understood.',
    'To go on with the copy, name its folder in store.path and start. What can be read is delivered, the rest is held.',
    'Control totals that do not fit are counted anew from the records that are there.',
    'Exit 0: the copy has every record. Exit 1: records are lost; the list says which.',
  ],
  async run(values, context) {
    const { terminal, clock } = context;
    const to = values.text('to');
    if (to === undefined) throw new UsageError('--to is missing: the folder of the copy');
    const config = await loadOrThrow(configurationPath(values, context));
    const { salvageStore } = await import('../appliance/store-salvage.ts');
    const report = await salvageStore(config, resolve(to), clock);
    if (values.flag('json')) terminal.out(JSON.stringify(report));
    else {
      terminal.out(`The store ${shortPath(config.store.path)}, unchanged:`);
      for (const line of reportLines(report.before)) terminal.out(`  ${line}`);
      terminal.out(`The copy ${shortPath(resolve(to))}:`);
      for (const line of reportLines(report.after)) terminal.out(`  ${line}`);
      for (const name of report.recounted) terminal.out(`  control totals counted anew: ${name}`);
      if (report.indexedAgain > 0)
        terminal.out(`  control ids that were lost, known again by their messages: ${count(report.indexedAgain)}`);
    }
    return isWhole(report.after) ? 0 : 1;
  },
};
