/**
 * `npm run fuzz -- --minutes M [--target NAME] [--seed N] [--cases FOLDER]`. An input that breaks a property is made
 * small and kept in the folder with its seed and error; `--replay FILE --target NAME` runs it again. Ends with 2 when
 * the canary, a planted fault, is not found: then the rest proves nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { failureOf, type Finding, fuzz } from './engine.ts';
import { CANARY, TARGETS } from './targets.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string' },
    seed: { type: 'string' },
    cases: { type: 'string', default: 'fuzz-cases' },
    replay: { type: 'string' },
  },
});
const CANARY_MS = 20_000;
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
const targets = TARGETS.filter(({ name }) => (values.target ?? name) === name);

if (targets.length === 0) {
  console.error(`no target ${values.target}: ${TARGETS.map(({ name }) => name).join(', ')}`);
  process.exitCode = 2;
} else if (values.replay !== undefined) replay(values.replay);
else if (fuzz(CANARY, { seed, forMs: CANARY_MS }).finding === null) {
  console.error(`the canary was not found in ${CANARY_MS / 1_000} s: this run proves nothing`);
  process.exitCode = 2;
} else fuzzAll();

function fuzzAll(): void {
  const forMs = (Number(values.minutes) * 60_000) / targets.length;
  console.log(`seed ${seed}, the canary is found`);
  for (const target of targets) {
    const { inputs, finding } = fuzz(target, { seed, forMs });
    console.log(`${target.name}: ${inputs} inputs, ${finding === null ? 'nothing found' : keep(target.name, finding)}`);
    if (finding !== null) process.exitCode = 1;
  }
}

function keep(target: string, { input, seed: own, error }: Finding): string {
  mkdirSync(values.cases, { recursive: true });
  const path = join(values.cases, `${target}-${own}.bin`);
  writeFileSync(path, input);
  writeFileSync(`${path}.txt`, `npm run fuzz -- --target ${target} --seed ${own} --replay ${path}\n${error}\n`);
  return `${path}\n  ${error.split('\n')[0]}`;
}

function replay(path: string): void {
  const input = readFileSync(path);
  for (const target of targets) {
    const error = failureOf(target, input, seed);
    console.log(`${target.name}: ${error ?? 'holds'}`);
    if (error !== null) process.exitCode = 1;
  }
}
