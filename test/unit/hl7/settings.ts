import { type Hl7v2Settings, hl7v2Settings } from '../../../src/formats/hl7v2-settings.ts';
import type { Hl7Message } from '../../../src/hl7/message.ts';
import { parseMessage } from '../../../src/hl7/parse.ts';
import type { Problem } from '../../../src/model/problem.ts';

/** The defaults of `format: { kind: hl7v2 }` with changes. */
export const settingsWith = (changes: Partial<Hl7v2Settings> = {}): Hl7v2Settings => ({
  ...hl7v2Settings.parse({ kind: 'hl7v2' }),
  ...changes,
});

export const bytesOf = (input: string | Buffer): Buffer =>
  typeof input === 'string' ? Buffer.from(input, 'utf8') : input;

/** CPU that this thread takes for some work, in ms: what else runs on the machine counts little. */
export function cpuMs(work: () => void): number {
  const began = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / 1_000;
}

/** The message, or a failed test that names the problem. */
export function read(input: string | Buffer, changes: Partial<Hl7v2Settings> = {}): Hl7Message {
  const parsed = parseMessage(bytesOf(input), settingsWith(changes));
  if (!parsed.ok) throw new Error(`not readable: ${parsed.problem.text}`);
  return parsed.message;
}

/** The problem of a frame that must not be readable. */
export function refusalOf(input: string | Buffer, changes: Partial<Hl7v2Settings> = {}): Problem {
  const parsed = parseMessage(bytesOf(input), settingsWith(changes));
  if (parsed.ok) throw new Error('was read, but must be refused');
  return parsed.problem;
}
