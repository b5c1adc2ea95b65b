import type { LedgerSummary } from '../sandbox/ledger.ts';
import type { FailureState } from '../sandbox/failure.ts';
import { type CliCommand, type CliContext, JSON_OPTION } from './command.ts';
import { quoted, shortPath } from './configuration.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import { askSandbox, SANDBOX_PORT, sandboxFolder } from './sandbox-client.ts';
import { suggest } from './terminal.ts';
import { count, money, plural, span } from './wording.ts';

const DIR_OPTION = {
  flags: '--dir <folder>',
  text: 'Folder of its certificates and accepted events. Default: that of the bundled example.',
};

const fail: CliCommand = {
  name: 'fail',
  summary: 'Make the sandbox ERP fail.',
  arguments: [
    {
      syntax: '<mode>',
      text: 'hang, reset, reset-after, partial, html200, error200, or a status such as 503, 429, 422.',
    },
  ],
  options: [
    DIR_OPTION,
    { flags: '--for <time>', text: 'Works again after this time, e.g. 30s. Default: until `sandbox ok`.' },
    { flags: '--share <part>', text: 'Part of the requests that fail, from 0 to 1. Default: 1.' },
    JSON_OPTION,
  ],
  examples: [
    ['sandbox fail 503 --for 30s', 'an outage of half a minute'],
    ['sandbox fail reset-after --share 0.2', 'every fifth answer is lost after the event was taken'],
    ['sandbox fail html200', 'a login page with status 200'],
  ],
  async run(values, context) {
    const { isMode } = await import('../sandbox/failure.ts');
    const mode = values.first.toLowerCase();
    if (!isMode(mode)) {
      const modes = 'ok, hang, reset, reset-after, partial, html200, error200, or a status from 400 to 599';
      throw new UsageError(`The sandbox ERP knows no mode ${JSON.stringify(mode)}.`, `Modes: ${modes}.`);
    }
    const share = values.decimal('share', { min: 0, max: 1, fallback: 1 });
    return setMode({ mode, forMs: values.durationMs('for'), share }, values, context);
  },
};

const ok: CliCommand = {
  name: 'ok',
  summary: 'Make the sandbox ERP work again.',
  options: [DIR_OPTION, JSON_OPTION],
  examples: [['sandbox ok', 'ends every fault']],
  run: (values, context) => setMode({ mode: 'ok' }, values, context),
};

const summary: CliCommand = {
  name: 'summary',
  summary: 'Show what the sandbox ERP has accepted.',
  options: [DIR_OPTION, JSON_OPTION],
  examples: [['sandbox summary', 'events by kind, money, duplicates, order']],
  async run(values, context) {
    const { terminal } = context;
    const totals = (await askSandbox(sandboxFolder(values, context), '/summary')) as LedgerSummary;
    if (values.flag('json')) {
      terminal.out(JSON.stringify(totals));
      return 0;
    }
    const keys = plural(totals.subjects, 'ordering key');
    const requests = plural(totals.repeatedRequests, 'request');
    const events = plural(totals.repeatedEvents, 'event');
    const conflicts = plural(totals.conflicts, 'key');
    terminal.out(`${plural(totals.events, 'event')} accepted for ${keys}, ${count(totals.misordered)} out of order.`);
    for (const [kind, events] of Object.entries(totals.kinds)) terminal.out(`  ${count(events).padStart(8)}  ${kind}`);
    terminal.out(`Money       ${totals.money.map(money).join(', ') || 'none'}`);
    terminal.out(
      `Since start ${requests} repeated under one key, ${events} under another, ${conflicts} used for another body.`,
    );
    const dir = values.text('dir');
    suggest(terminal, `sandbox fail 503 --for 30s${dir === undefined ? '' : ` --dir ${quoted(dir)}`}`);
    return 0;
  },
};

/** `causeway sandbox`: an ERP to try things with, which keeps what it took and fails on request. */
export const sandboxCommand: CliCommand = {
  name: 'sandbox',
  summary: 'Run the sandbox ERP (HTTPS on loopback), or make it fail.',
  options: [
    { flags: '--port <n>', text: `TCP port; 0 lets the system choose. Default: ${SANDBOX_PORT}.` },
    DIR_OPTION,
    JSON_OPTION,
  ],
  examples: [
    ['sandbox', 'in the foreground, until Ctrl-C'],
    ['sandbox fail 503 --for 30s', 'an outage'],
    ['sandbox summary', 'what it has accepted'],
  ],
  subcommands: [fail, ok, summary],
  async run(values, context) {
    const { terminal, clock, random } = context;
    const { startSandbox } = await import('../sandbox/server.ts');
    const port = values.integer('port', { min: 0, max: 65_535, fallback: SANDBOX_PORT });
    const folder = sandboxFolder(values, context);
    const stopped = Promise.race([context.untilStop(), untilParentLeaves()]);
    const sandbox = await startSandbox({ folder, port, clock, random });
    const eventsUrl = `${sandbox.url}/events`;
    if (values.flag('json'))
      terminal.out(JSON.stringify({ type: 'listening', url: eventsUrl, caFile: sandbox.caFile, pid: process.pid }));
    else {
      terminal.say(`Sandbox ERP takes events at ${eventsUrl}`);
      terminal.say(`Its CA, for tls.caFile of a destination: ${shortPath(sandbox.caFile)}`);
      const named = values.text('dir') === undefined ? '' : ` --dir ${folder}`;
      suggest(terminal, `sandbox fail 503 --for 30s${named}`, `sandbox summary${named}`);
    }
    await stopped;
    await sandbox.stop();
    return 0;
  },
};

/** A sandbox that `demo` has started must not outlive it, however it ended. */
function untilParentLeaves(): Promise<string> {
  return new Promise((resolve) => {
    if (process.connected) process.once('disconnect', () => resolve('disconnect'));
  });
}

interface Mode {
  readonly mode: string;
  readonly forMs?: number | undefined;
  readonly share?: number;
}

async function setMode(mode: Mode, values: OptionValues, context: CliContext): Promise<0> {
  const { terminal } = context;
  const state = (await askSandbox(sandboxFolder(values, context), '/control', mode)) as FailureState;
  if (values.flag('json')) {
    terminal.out(JSON.stringify(state));
    return 0;
  }
  if (state.mode === 'ok') terminal.out('The sandbox ERP works.');
  else {
    const share = state.share === 1 ? 'every request' : `${Math.round(state.share * 100)} % of the requests`;
    const until = state.endsInMs === null ? 'until `sandbox ok`' : `for ${span(state.endsInMs + 500)}`;
    terminal.out(`The sandbox ERP answers ${share} with ${state.mode} ${until}.`);
  }
  suggest(terminal, state.mode === 'ok' ? 'sandbox summary' : 'status');
  return 0;
}
