/** A terminal and surroundings for command tests: what was printed is kept, nobody asks to stop unless told. */
import { dirname } from 'node:path';
import type { CliContext } from '../../../src/cli/command.ts';
import { systemClock } from '../../../src/platform/clock.ts';

export interface FakeContext extends CliContext {
  readonly stdout: string[];
  readonly stderr: string[];
  /** Makes `untilStop` resolve. */
  readonly stop: () => void;
}

export interface FakeFacts {
  readonly input?: Buffer;
  readonly variables?: Readonly<Record<string, string>>;
}

export const APPLICATION = dirname(dirname(dirname(import.meta.dirname)));

export function fakeContext({ input = Buffer.alloc(0), variables = {} }: FakeFacts = {}): FakeContext {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const stopped = Promise.withResolvers<string>();
  return {
    stdout,
    stderr,
    stop: () => stopped.resolve('SIGTERM'),
    terminal: {
      out: (line) => void stdout.push(...line.split('\n')),
      say: (line) => void stderr.push(...line.split('\n')),
      paint: (_colour, text) => text,
      interactive: false,
      command: 'causeway',
      readInput: () => Promise.resolve(input),
    },
    clock: systemClock,
    random: () => 0.5,
    environment: { get: (name) => variables[name] },
    applicationDirectory: APPLICATION,
    untilStop: () => stopped.promise,
  };
}
