import { BACKUP_RATE } from '../api/backup.ts';
import { CausewayError } from '../model/errors.ts';
import { type BackupReport, backupPath, type BackupCheck, checkBackup, writeBackup } from '../platform/backup-file.ts';
import { BackupDecoder } from '../platform/backup-format.ts';
import { controlSocketPath } from '../platform/store-folder.ts';
import { openStoppedStore } from '../platform/stopped-store.ts';
import { CONFIG_OPTION, type CliCommand, type CliContext, type ExitCode, JSON_OPTION } from './command.ts';
import { configOptionText, configurationPath, loadOrThrow, quoted } from './configuration.ts';
import { ControlClient } from './control-client.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import { suggest, type Terminal } from './terminal.ts';
import { versionOf } from './version.ts';
import { plural } from './wording.ts';

/** The appliance waits for the disk of the backup and pauses for its rate; a stream silent for so long is broken. */
const SILENCE_MS = 60_000;
const PROGRESS_EVERY_MS = 2_000;

const verify: CliCommand = {
  name: 'verify',
  summary: 'Read a backup file to its end: whole, or what of it is damaged. Needs neither the store nor its key.',
  arguments: [{ syntax: '<file>', text: 'A backup file.' }],
  options: [JSON_OPTION],
  examples: [['backup verify nightly.backup', 'exit 0 when it is whole, 1 when it is damaged']],
  async run(values, { terminal }) {
    const report = await checkBackup(values.first);
    const isWhole = report.damage.length === 0 && report.storeDamage.records === 0;
    if (values.flag('json')) {
      terminal.out(JSON.stringify({ whole: isWhole, ...report }));
      return isWhole ? 0 : 1;
    }
    terminal.out(`${values.first}: ${isWhole ? 'whole' : 'damaged'}`);
    for (const line of describe(report)) terminal.out(`  ${line}`);
    for (const { atByte, what } of report.damage) terminal.out(`  at byte ${atByte}: ${what}`);
    return isWhole ? 0 : 1;
  },
};

/** `causeway backup`: through the running appliance, else from the store itself. */
export const backupCommand: CliCommand = {
  name: 'backup',
  summary: 'Write everything that the store holds at this moment into one file, while the appliance goes on.',
  options: [
    CONFIG_OPTION,
    {
      flags: '--to <path>',
      text: 'A folder, or a new file with an ending, both in a folder that exists. Never replaces a file. Required.',
    },
    {
      flags: '--rate <mib>',
      text: `Read at most so many MiB per second while the appliance runs. Default ${BACKUP_RATE.fallback}.`,
    },
    JSON_OPTION,
  ],
  examples: [
    ['backup --to /mnt/backup', 'a file named by store and time in this folder'],
    ['backup --to nightly.backup --rate 8', 'slowly, on a small machine'],
  ],
  notes: [
    'The backup holds patient data as the store does: encrypted when the store is encrypted, and only then.',
    'What arrives after the moment of the backup is not in it.',
    'Records that are damaged in the store are told, exit 1: the file holds them as they are.',
  ],
  subcommands: [verify],
  async run(values, context) {
    const target = values.text('to');
    if (target === undefined) throw new UsageError('backup needs --to PATH.', 'A new file, or a folder.');
    const rate = values.integer('rate', BACKUP_RATE);
    const { store } = await loadOrThrow(configurationPath(values, context));
    const source = await sourceOf(store.path, rate, context);
    try {
      return await writeTo(target, source, { values, context });
    } finally {
      await source.end();
    }
  },
};

interface Source {
  readonly pieces: AsyncGenerator<Buffer>;
  readonly end: () => Promise<void>;
}

/** The running appliance; a store on which nothing runs is opened here, under its owner lock. */
async function sourceOf(storePath: string, rate: number, context: CliContext): Promise<Source> {
  const { clock, terminal, applicationDirectory } = context;
  const control = new ControlClient(controlSocketPath(storePath));
  const pieces = control.bytes('/v1/backup', { rate }, SILENCE_MS);
  try {
    const first = await pieces.next();
    return { pieces: resumed(first, pieces), end: async () => void (await pieces.return(undefined)) };
  } catch (error) {
    if (!(error instanceof CausewayError) || error.code !== 'NOT_RUNNING') throw error;
  }
  terminal.say('No appliance runs on this store: it is read directly.');
  const store = await openStoppedStore(storePath, clock, versionOf(applicationDirectory));
  return { pieces: store.backup(), end: store.close };
}

async function* resumed(first: IteratorResult<Buffer>, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (first.done !== true) yield first.value;
  yield* rest;
}

async function writeTo(
  target: string,
  { pieces }: Source,
  { values, context }: { values: OptionValues; context: CliContext },
): Promise<ExitCode> {
  const { terminal, clock } = context;
  const first = await pieces.next();
  const header = first.done === true ? null : headerOf(first.value);
  if (header === null) throw new CausewayError('BACKUP_FAILED', 'The appliance sent no backup.');
  const path = backupPath(target, header);
  const beganMs = clock.monotonicMs();
  let toldMs = beganMs;
  const tell = (check: BackupCheck): void => {
    if (clock.monotonicMs() - toldMs < PROGRESS_EVERY_MS) return;
    toldMs = clock.monotonicMs();
    terminal.say(`${plural(check.records, 'record')}, ${mib(check.bytes)} …`);
  };
  const report = await writeBackup(path, resumed(first, pieces), tell);
  const ms = Math.round(clock.monotonicMs() - beganMs);
  if (values.flag('json')) terminal.out(JSON.stringify({ path, ms, ...report }));
  else for (const line of [path, ...describe(report)]) terminal.out(line);
  if (report.storeDamage.records > 0) {
    terminal.say('The backup is whole, but the store is not: keep the older backups.');
    suggest(terminal, `verify${configOptionText(values)}`);
    return 1;
  }
  suggestNext(terminal, path, values);
  return 0;
}

function suggestNext(terminal: Terminal, path: string, values: OptionValues): void {
  suggest(
    terminal,
    `backup verify ${quoted(path)}   (again where it was copied to)`,
    `restore --from ${quoted(path)}${configOptionText(values)}   (on the machine that takes over)`,
  );
}

/** The appliance writes the header as the first piece; the socket may bring more with it. */
function headerOf(piece: Buffer) {
  const part = new BackupDecoder().push(piece).find(({ kind }) => kind === 'header');
  return part?.kind === 'header' ? part.header : null;
}

/** Damaged records that are shown. */
const LISTED_MAX = 10;

/** What a backup holds, one fact per line. */
function describe({ header, trailer, records, bytes, storeDamage }: BackupReport): string[] {
  const lines = [`${plural(records, 'record')}, ${mib(bytes)}`];
  if (header !== null) {
    const takenAt = new Date(header.takenAtMs).toISOString();
    lines.push(`taken ${takenAt} of store ${header.storeId}, epoch ${header.epoch}, by version ${header.version}`);
  }
  if (storeDamage.records > 0) {
    lines.push(`${plural(storeDamage.records, 'record')} damaged in the store already when it was taken:`);
    lines.push(...storeDamage.listed.slice(0, LISTED_MAX).map((text) => `  ${text}`));
  }
  if (trailer !== null) lines.push(`newest message m${String(trailer.newestMessage).padStart(16, '0')}`);
  return lines;
}

const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`;
