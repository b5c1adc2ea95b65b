/**
 * Turns the catalogue of commands into a program: arguments, help with examples first, exit codes. Sole importer of
 * `commander`.
 */
import { Command, CommanderError } from 'commander';
import { CausewayError } from '../model/errors.ts';
import { accessDenied } from '../platform/file-access.ts';
import { commands } from './catalogue.ts';
import type { CliCommand, CliContext, ExitCode } from './command.ts';
import { AnswerError } from './control-client.ts';
import { OptionValues, UsageError } from './option-values.ts';
import { versionOf } from './version.ts';

const USAGE: ExitCode = 2;

/** Codes whose meaning is "the answer is no", not "it could not run". */
const ANSWERS_NO: ReadonlySet<string> = new Set(['NOT_FOUND', 'WRONG_STATE']);

/**
 * Runs one command line (without the program's own name) and gives its exit code. Expected failures are printed with
 * their hint; a bug is thrown to the caller.
 */
export async function runProgram(argv: readonly string[], context: CliContext): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = new Command('causeway');
  program
    .description('Interface-engine appliance for hospitals: HL7 v2 in, durable business events out to the ERP.')
    .version(versionOf(context.applicationDirectory), '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Show this help.')
    .helpCommand('help [command]', 'Show the help of a command.')
    .addHelpText('beforeAll', '')
    .addHelpText('after', `\n${program.name()} COMMAND --help shows examples of each command.`);
  settle(program, context);
  for (const command of commands) {
    program.addCommand(
      build(command, context, (code) => {
        exitCode = code;
      }),
    );
  }
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : [...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return explainFailure(error, context);
  }
}

/** Output through the terminal, and no exit behind our back. */
function settle(command: Command, context: CliContext): void {
  const { terminal } = context;
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => terminal.out(text.replace(/\n$/, '')),
    writeErr: (text) => terminal.say(text.replace(/\n$/, '')),
  });
  command.showSuggestionAfterError(true);
}

function build(spec: CliCommand, context: CliContext, done: (code: ExitCode) => void): Command {
  const command = new Command(spec.name);
  settle(command, context);
  command.description(spec.summary).helpOption('-h, --help', 'Show this help.').helpCommand(false);
  for (const argument of spec.arguments ?? []) command.argument(argument.syntax, argument.text);
  for (const { flags, text, repeatable } of spec.options ?? []) {
    if (repeatable === true) command.option(flags, text, (value, before: string[]) => [...before, value], []);
    else command.option(flags, text);
  }
  command.addHelpText('before', examplesText(spec, context.terminal.command));
  if (spec.notes !== undefined) command.addHelpText('after', `\n${spec.notes.join('\n')}`);
  for (const subcommand of spec.subcommands ?? []) command.addCommand(build(subcommand, context, done));
  const { run } = spec;
  if (run !== undefined) {
    command.action(async (..._given: unknown[]) => {
      done(await run(new OptionValues(command.args, command.optsWithGlobals()), context));
    });
  }
  return command;
}

function examplesText({ examples }: CliCommand, name: string): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  return ['Examples:', ...examples.map(([line, what]) => `  ${name} ${line.padEnd(width)}  ${what}`), ''].join('\n');
}

/** Prints what went wrong and what can be done; gives the exit code. */
function explainFailure(error: unknown, { terminal }: CliContext): ExitCode {
  if (error instanceof CommanderError) {
    // Help and version were asked for, or the parser has printed what it did not understand.
    return error.exitCode === 0 || error.code === 'commander.help' ? 0 : USAGE;
  }
  if (error instanceof UsageError) {
    terminal.say(error.message);
    if (error.hint !== '') terminal.say(error.hint);
    return USAGE;
  }
  if (error instanceof AnswerError) {
    terminal.say(error.message);
    return USAGE;
  }
  const failure = error instanceof CausewayError ? error : accessDenied(error);
  if (failure === null) throw error;
  terminal.say(`${terminal.paint('red', failure.code)}: ${failure.message.slice(failure.code.length + 2)}`);
  terminal.say(`Hint: ${failure.hint}`);
  return ANSWERS_NO.has(failure.code) ? 1 : USAGE;
}
