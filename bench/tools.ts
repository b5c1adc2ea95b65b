/** Compiles the load tools once per change of their source and says plainly when no compiler is there. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const BUILD = join(import.meta.dirname, 'build');

/** Absolute paths of the compiled tools. */
export interface Tools {
  readonly load: string;
  readonly sink: string;
}

/** @throws Error when gcc is missing or fails */
export function compileTools(): Tools {
  return { load: compile('mllp-load', ['-lm']), sink: compile('http-sink', []) };
}

function compile(name: string, libraries: readonly string[]): string {
  const source = join(import.meta.dirname, 'tools', `${name}.c`);
  const program = join(BUILD, name);
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  mkdirSync(BUILD, { recursive: true });
  const { status, stderr, error } = spawnSync('gcc', ['-O2', '-w', '-o', program, source, ...libraries]);
  if (error !== undefined) throw new Error('the bench needs a C compiler: `apt-get install gcc libc6-dev`');
  if (status !== 0) throw new Error(`gcc could not compile ${name}.c:\n${stderr.toString()}`);
  return program;
}
