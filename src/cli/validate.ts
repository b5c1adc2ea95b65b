import { CONFIG_OPTION, type CliCommand, JSON_OPTION } from './command.ts';
import { configOptionText, configurationPath, loadOrExplain, readConfig, shortPath } from './configuration.ts';
import { suggest } from './terminal.ts';
import { plural } from './wording.ts';

/** `causeway validate`: every problem of a configuration at once. Reads files only; binds and changes nothing. */
export const validateCommand: CliCommand = {
  name: 'validate',
  summary: 'Check a configuration: every problem with file, line and column.',
  options: [CONFIG_OPTION, JSON_OPTION],
  examples: [
    ['validate --config facility.yaml', 'exit 0 when it is fine, 1 when it has problems'],
    ['validate --json', 'the problems as JSON'],
  ],
  async run(values, context) {
    const { terminal } = context;
    const path = configurationPath(values, context);
    if (values.flag('json')) {
      const loaded = await readConfig(path);
      terminal.out(
        JSON.stringify(
          loaded.ok ? { ok: true, files: loaded.files, problems: [] } : { ok: false, problems: loaded.problems },
        ),
      );
      return loaded.ok ? 0 : 1;
    }
    const config = await loadOrExplain(path, context, terminal.out);
    if (config === null) return 1;
    const channels = plural(config.channels.length, 'channel');
    const destinations = plural(config.destinations.length, 'destination');
    terminal.out(`${shortPath(path)} is fine: ${config.facility.name}, ${channels}, ${destinations}.`);
    suggest(terminal, `run${configOptionText(values)}`);
    return 0;
  },
};
