/** Every command of the program, in the order of the help. A new command is one file and one line here. */
import type { CliCommand } from './command.ts';
import { backupCommand } from './backup.ts';
import { deadLettersCommand } from './dead-letters.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { exceptionsCommand } from './exceptions.ts';
import { explainCommand } from './explain.ts';
import { keyCommand } from './key.ts';
import { messagesCommand } from './messages.ts';
import { profileCommand } from './profile.ts';
import { replayCommand } from './replay.ts';
import { restoreCommand } from './restore.ts';
import { runCommand } from './run.ts';
import { salvageCommand } from './salvage.ts';
import { sandboxCommand } from './sandbox.ts';
import { sendCommand } from './send.ts';
import { showCommand } from './show.ts';
import { statusCommand } from './status.ts';
import { tailCommand } from './tail.ts';
import { validateCommand } from './validate.ts';
import { verifyCommand } from './verify.ts';

/** In the order of the help. */
export const commands: readonly CliCommand[] = [
  runCommand,
  validateCommand,
  doctorCommand,
  sendCommand,
  statusCommand,
  tailCommand,
  exceptionsCommand,
  deadLettersCommand,
  messagesCommand,
  showCommand,
  profileCommand,
  replayCommand,
  verifyCommand,
  salvageCommand,
  backupCommand,
  restoreCommand,
  explainCommand,
  keyCommand,
  sandboxCommand,
  demoCommand,
];
