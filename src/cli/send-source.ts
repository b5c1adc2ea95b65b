/** What `causeway send` sends: messages out of files, stdin and the samples in the box, one after the other. */
import { nearWord } from '../config/near-word.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { CliContext } from './command.ts';
import { batchIn, controlIdOf, findFiles, splitMessages, withCarriageReturns, withControlId } from './hl7-files.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import { readSample, SAMPLES } from './samples.ts';

/** One message or one batch on its way out, or a file that holds none. */
export type Outgoing =
  | {
      readonly sort: 'message' | 'batch';
      readonly file: string;
      readonly bytes: Buffer;
      readonly controlId: string;
      /** How many messages it holds. */
      readonly messages: number;
    }
  | { readonly sort: 'skipped'; readonly file: string; readonly reason: string };

const STDIN = '-';
const REPEAT_MAX = 1_000_000_000;

/**
 * The messages that the options mean. A repetition, and every sample, gets a fresh MSH-10: under the old one the
 * receiver would only repeat its reply. @throws UsageError when there is nothing to send
 */
export async function* outgoing(values: OptionValues, context: CliContext): AsyncGenerator<Outgoing> {
  const samples = values.list('sample');
  if (samples.length === 0 && values.args.length === 0) {
    throw new UsageError(
      'Nothing to send: name files, folders, - for stdin, or --sample NAME.',
      'See `send --list-samples`.',
    );
  }
  const repeat = values.integer('repeat', { min: 1, max: REPEAT_MAX, fallback: 1 });
  const nextId = controlIds(context);
  const how = { asIs: values.flag('as-is'), split: values.flag('split') };
  const stdin = values.args.includes(STDIN) ? await context.terminal.readInput() : null;
  for (let round = 0; round < repeat; round += 1) {
    for (const sample of samples)
      yield* messagesOf({ file: `sample ${sample}`, bytes: sampleBytes(sample), ...how, nextId });
    for (const path of values.args) {
      const found = path === STDIN ? [{ file: 'stdin', bytes: stdin ?? Buffer.alloc(0) }] : findFiles([path]);
      for await (const file of found) {
        if ('skipped' in file) yield { sort: 'skipped', file: file.file, reason: file.skipped };
        else yield* messagesOf({ ...file, ...how, nextId: round === 0 ? null : nextId });
      }
    }
  }
}

interface MessageSource {
  readonly file: string;
  readonly bytes: Buffer;
  readonly asIs: boolean;
  /** Send the messages of a batch one by one, without its envelope. */
  readonly split: boolean;
  /** Gives a fresh MSH-10; null keeps the one that is written. */
  readonly nextId: (() => string) | null;
}

function* messagesOf({ file, bytes, asIs, split, nextId }: MessageSource): Generator<Outgoing> {
  const batch = split ? null : batchIn(bytes);
  if (batch !== null) return yield batchOf(file, asIs ? batch : withCarriageReturns(batch), nextId);
  const messages = splitMessages(bytes);
  if (messages.length === 0) yield { sort: 'skipped', file, reason: 'no HL7 v2 message in it' };
  for (const found of messages) {
    const message = asIs ? found : withCarriageReturns(found);
    const numbered = nextId === null ? message : withControlId(message, nextId());
    yield { sort: 'message', file, bytes: numbered, controlId: controlIdOf(numbered), messages: 1 };
  }
}

/** A whole file with its envelope; a repetition has fresh control ids inside as well. */
function batchOf(file: string, bytes: Buffer, nextId: (() => string) | null): Outgoing {
  const messages = splitMessages(bytes);
  if (nextId === null) return { sort: 'batch', file, bytes, controlId: controlIdOf(bytes), messages: messages.length };
  const parts: Buffer[] = [];
  let position = 0;
  for (const message of messages) {
    const start = message.byteOffset - bytes.byteOffset;
    parts.push(bytes.subarray(position, start), withControlId(message, nextId()));
    position = start + message.length;
  }
  const numbered = Buffer.concat([...parts, bytes.subarray(position)]);
  return { sort: 'batch', file, bytes: numbered, controlId: controlIdOf(numbered), messages: messages.length };
}

function sampleBytes(name: string): Buffer {
  if (Object.hasOwn(SAMPLES, name)) return readSample(name);
  const near = nearWord(name, Object.keys(SAMPLES));
  throw new UsageError(
    `There is no sample ${JSON.stringify(name)}${near === null ? '' : `; did you mean ${near}?`}`,
    `Samples: ${Object.keys(SAMPLES).join(', ')}.`,
  );
}

/** MSH-10 values that were not used before: time, count and chance, 16 characters (the field takes 20). */
function controlIds({ clock, random }: { readonly clock: Clock; readonly random: Random }): () => string {
  let issued = 0;
  const chance = Math.floor(random() * 1_296)
    .toString(36)
    .padStart(2, '0');
  return () => {
    issued += 1;
    const counted = (issued % 1_679_616).toString(36).padStart(4, '0');
    return `CW${clock.nowMs().toString(36)}${counted}${chance}`.toUpperCase();
  };
}
