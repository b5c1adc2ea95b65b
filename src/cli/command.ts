/**
 * The port of a command: one file per command exports one of these, `catalogue.ts` lists them, `program.ts` gives them
 * to the argument parser. A command returns its exit code and prints through the terminal only.
 */
import type { Clock, Random } from '../model/clock.ts';
import type { Environment } from '../platform/environment.ts';
import type { OptionValues } from './option-values.ts';
import type { Terminal } from './terminal.ts';

/** 0 fine · 1 the answer is "no", or problems were found · 2 wrong usage, or the command cannot run. */
export type ExitCode = 0 | 1 | 2;

/** What a command may use of the world around it. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Environment;
  /** Folder with package.json; files in the box are found from here. */
  readonly applicationDirectory: string;
  /** Resolves when somebody asks to stop. Commands that never call it end at the first signal. */
  readonly untilStop: () => Promise<string>;
}

/** One option, as the help shows it. */
export interface CommandOption {
  /** `--to <host:port>`; an option without `<…>` is a flag. */
  readonly flags: string;
  readonly text: string;
  /** May stand several times; read with `values.list`. */
  readonly repeatable?: boolean;
}

/** The port: what a command is called, what it takes, what it does. */
export interface CliCommand {
  readonly name: string;
  readonly summary: string;
  /** `[path...]` or `<case>`, with its explanation. */
  readonly arguments?: readonly { readonly syntax: string; readonly text: string }[];
  readonly options?: readonly CommandOption[];
  /** Shown first in the help: arguments after the program's name, and what they do. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  readonly subcommands?: readonly CliCommand[];
  /** What the words of the output mean, as whole sentences after the options in the help. */
  readonly notes?: readonly string[];
  /** Absent when only the subcommands can be run. @throws CausewayError, UsageError: printed by the program, exit 2 */
  readonly run?: (values: OptionValues, context: CliContext) => Promise<ExitCode>;
}

/** Options that several commands share, so that they read the same everywhere. */
export const CONFIG_OPTION: CommandOption = {
  flags: '--config <path>',
  text: 'Configuration file or folder. Default: /etc/causeway if it exists, else the bundled example.',
};
/** For commands that only need the control socket. */
export const STORE_OPTION: CommandOption = {
  flags: '--store <folder>',
  text: 'Store folder of the running appliance, instead of the one named in --config.',
};
/** Every command with an output has it. */
export const JSON_OPTION: CommandOption = { flags: '--json', text: 'Print JSON on stdout, for programs.' };
