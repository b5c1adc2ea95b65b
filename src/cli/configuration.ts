/** Which configuration a command means, and reading it. The room that reads it is loaded only when it is needed. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { CausewayError } from '../model/errors.ts';
import type { CliContext } from './command.ts';
import type { OptionValues } from './option-values.ts';
import { plural } from './wording.ts';

/** Where an installed appliance has its configuration. */
const INSTALLED = '/etc/causeway';

/** The bundled example facility, below the application folder. */
const EXAMPLE = 'config/example';

/** Path of the configuration: as the user typed it, so that problems name files the same way, else the default. */
export function configurationPath(values: OptionValues, context: CliContext): string {
  return values.text('config') ?? (existsSync(INSTALLED) ? INSTALLED : examplePath(context));
}

/** The bundled example, whatever is installed. */
export const examplePath = (context: CliContext): string => join(context.applicationDirectory, EXAMPLE);

/** The option to repeat in a suggested command: empty when the default was used. */
export function configOptionText(values: OptionValues): string {
  const named = values.text('config');
  return named === undefined ? '' : ` --config ${quoted(named)}`;
}

/** A path as a person would type it: relative when it is below the working folder. */
export function shortPath(path: string): string {
  const short = relative('.', path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}

/** A word of a command line that a person can copy into a shell. */
export const quoted = (text: string): string =>
  /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** Reads and checks a configuration, conditions of routes included. @throws CausewayError `CONFIG_UNREADABLE` */
export async function readConfig(path: string): Promise<LoadedConfig> {
  const [{ loadConfig }, { checkCondition }] = await Promise.all([
    import('../config/load.ts'),
    import('../pipeline/route.ts'),
  ]);
  return loadConfig(path, { checkCondition });
}

/**
 * The configuration, or null after `print` got every problem: `run` refuses in the same words as `validate`.
 * @throws CausewayError `CONFIG_UNREADABLE`
 */
export async function loadOrExplain(
  path: string,
  context: CliContext,
  print: (line: string) => void = context.terminal.say,
): Promise<Config | null> {
  const { formatConfigProblem } = await import('../config/load.ts');
  const loaded = await readConfig(path);
  if (loaded.ok) return loaded.config;
  for (const problem of loaded.problems) print(formatConfigProblem(problem));
  context.terminal.say(
    `${plural(loaded.problems.length, 'problem')} in ${shortPath(path)}. Nothing was started or changed.`,
  );
  return null;
}

/**
 * The configuration for a command that only looks something up in it.
 * @throws CausewayError `CONFIG_INVALID`, `CONFIG_UNREADABLE`
 */
export async function loadOrThrow(path: string): Promise<Config> {
  const { formatConfigProblem } = await import('../config/load.ts');
  const loaded = await readConfig(path);
  if (loaded.ok) return loaded.config;
  const first = loaded.problems[0];
  throw new CausewayError('CONFIG_INVALID', first === undefined ? path : formatConfigProblem(first));
}

/**
 * The zone of the facility; UTC when only the store folder is known.
 * @throws CausewayError `CONFIG_INVALID`, `CONFIG_UNREADABLE`
 */
export async function facilityZone(values: OptionValues, context: CliContext): Promise<string> {
  if (values.text('store') !== undefined) return 'UTC';
  return (await loadOrThrow(configurationPath(values, context))).facility.timezone;
}
