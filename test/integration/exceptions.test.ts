/**
 * What waits for a person, as the person sees it: the commands of the CLI against a running appliance. A cure must put
 * the event into its old place, under its first key, and every step must leave totals that add up.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import type { CaseDetail } from '../../src/api/operations.ts';
import type { ExceptionCase } from '../../src/model/exception-case.ts';
import { erpOf, moneyOf, statusOf, untilErp } from '../support/appliance-status.ts';
import { type FakeErp, startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { connectMllp, type MllpClient } from '../support/mllp-client.ts';
import { type Appliance, startAppliance } from '../support/start-appliance.ts';
import { dft, ft1 } from '../support/sample-lines.ts';

interface Scene {
  readonly appliance: Appliance;
  readonly erp: FakeErp;
  readonly sender: MllpClient;
}

async function running(options: { maxEvents?: number; channelExtra?: string } = {}): Promise<Scene> {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ ...options, erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  const sender = await connectMllp(appliance.mllpPort);
  onTestFinished(() => sender.close());
  return { appliance, erp, sender };
}

/** Runs a command with `--json`; its rows. @throws when it does not exit as expected */
async function rowsOf<Row>(appliance: Appliance, args: readonly string[], exitCode = 0): Promise<readonly Row[]> {
  const { code, stdout, stderr } = await appliance.command(...args, '--json');
  expect({ code, stderr: code === exitCode ? '' : stderr }).toEqual({ code: exitCode, stderr: '' });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

async function onlyCase(appliance: Appliance): Promise<ExceptionCase> {
  const cases = await rowsOf<ExceptionCase>(appliance, ['exceptions', 'list']);
  expect(cases).toHaveLength(1);
  const [found] = cases;
  if (found === undefined) throw new Error('no case');
  return found;
}

/** Control ids of the events of one account, in the order of their effect. */
const arrivals = ({ effects }: FakeErp, account: string): readonly string[] =>
  effects.filter(({ subject }) => subject === `account:${account}`).map(({ correlationid }) => String(correlationid));

const keysOf = ({ requests }: FakeErp, controlId: string): readonly (string | undefined)[] =>
  requests.filter(({ events }) => events[0]?.['correlationid'] === controlId).map(({ key }) => key);

async function accept(sender: MllpClient, message: string): Promise<string> {
  const reply = await sender.send(message);
  expect(reply).toMatch(/MSA\|AA\|/);
  return reply;
}

/** A DFT for account P1A with one line per amount. */
const lines = (controlId: string, ...amounts: readonly string[]): string =>
  `${dft(...amounts.map((extended, index) => ft1({ id: `T${index + 1}`, extended })))
    .join('\r')
    .replace('|C1|', `|${controlId}|`)
    .replace('ACC5001', 'P1A')}\r`;

test('of a partly wrong DFT the good line goes out; later ones of the account wait for the wrong one', async () => {
  const { appliance, erp, sender } = await running();
  expect(await accept(sender, lines('WRONG', '10.00', 'ten'))).toMatch(/held for review/);
  await accept(sender, charge({ controlId: 'LATER', patient: 'P1', amount: '7.00' }));
  await accept(sender, charge({ controlId: 'OTHER', patient: 'P2', amount: '5.00' }));

  await untilErp(appliance, { posted: 2, waiting: 0, held: 1, blockedBehind: 1 });
  expect(arrivals(erp, 'P1A')).toEqual(['WRONG']);
  expect(arrivals(erp, 'P2A')).toEqual(['OTHER']);
  const found = await onlyCase(appliance);
  expect(found).toMatchObject({ controlId: 'WRONG', state: 'open', messageType: 'DFT^P03', channelId: 'clinical' });
  const [detail] = await rowsOf<CaseDetail>(appliance, ['exceptions', 'show', found.caseId]);
  expect(detail?.case.problems.map(({ path }) => path)).toEqual([expect.stringMatching(/^FT1\[2\]-11/)]);
  expect(JSON.stringify(detail)).not.toContain('P1A');

  const again = await appliance.command('exceptions', 'reprocess', found.caseId);
  expect(again).toMatchObject({ code: 1 });
  expect(again.stderr).toContain('still has problems');
  expect(await onlyCase(appliance)).toMatchObject({ caseId: found.caseId, state: 'open' });
  expect(await appliance.command('exceptions', 'discard', found.caseId)).toMatchObject({ code: 2 });

  const reason = ['--reason', 'entered by hand'];
  const discarded = await rowsOf<ExceptionCase>(appliance, ['exceptions', 'discard', found.caseId, ...reason]);
  expect(discarded).toMatchObject([{ state: 'discarded', closedReason: 'entered by hand' }]);
  const after = await untilErp(appliance, { posted: 3, waiting: 0, held: 0, blockedBehind: 0, discarded: 1 });
  expect(arrivals(erp, 'P1A')).toEqual(['WRONG', 'LATER']);
  expect(after.money.posted).toEqual(moneyOf(erp.effects));
  expect((await statusOf(appliance)).openCases).toBe(0);
  expect(await appliance.command('exceptions', 'discard', found.caseId, ...reason)).toMatchObject({ code: 1 });
});

test('the lines behind the wrong line of one DFT wait with the account: the order of the lines is kept', async () => {
  const { appliance, erp, sender } = await running();
  await accept(sender, lines('WRONG', '10.00', 'ten', '30.00'));
  await untilErp(appliance, { waiting: 0, held: 1 });
  expect(moneyOf(erp.effects)).toEqual([{ currency: 'USD', amount: '10.00' }]);
  const { caseId } = await onlyCase(appliance);
  await rowsOf(appliance, ['exceptions', 'discard', caseId, '--reason', 'entered by hand']);
  await untilErp(appliance, { posted: 2, waiting: 0, held: 0, blockedBehind: 0, discarded: 1 });
});

test.each([1, 20])(
  'an event that the ERP refused (422, batches of %i) goes out after the cure, first of its account, same key',
  async (maxEvents) => {
    const { appliance, erp, sender } = await running({ maxEvents });
    erp.decide = ({ events }) => (events.some(({ correlationid }) => correlationid === 'BAD') ? 'reject' : undefined);
    await accept(sender, charge({ controlId: 'BAD', patient: 'P1', amount: '1.00' }));
    await accept(sender, charge({ controlId: 'NEXT1', patient: 'P1', amount: '2.00' }));
    await accept(sender, charge({ controlId: 'OTHER', patient: 'P2', amount: '4.00' }));
    await accept(sender, charge({ controlId: 'NEXT2', patient: 'P1', amount: '8.00' }));

    await untilErp(appliance, { posted: 1, held: 1, waiting: 0, blockedBehind: 2 });
    expect(arrivals(erp, 'P2A')).toEqual(['OTHER']);
    expect(arrivals(erp, 'P1A')).toEqual([]);
    const found = await onlyCase(appliance);
    expect(found).toMatchObject({ controlId: 'BAD', destinationId: 'erp', state: 'open' });
    expect(found.cause).toBe('destination-refused erp validation status 422');
    const refusedUnder = erp.requests.filter(({ events }) => events[0]?.['correlationid'] === 'BAD').at(-1)?.key;

    erp.decide = undefined;
    const reprocessed = await rowsOf<ExceptionCase>(appliance, ['exceptions', 'reprocess', found.caseId]);
    expect(reprocessed).toMatchObject([{ caseId: found.caseId, state: 'reprocessed' }]);
    const after = await untilErp(appliance, { posted: 4, held: 0, waiting: 0, blockedBehind: 0 });
    expect(arrivals(erp, 'P1A')).toEqual(['BAD', 'NEXT1', 'NEXT2']);
    if (maxEvents === 1) expect(new Set(keysOf(erp, 'BAD'))).toEqual(new Set([refusedUnder]));
    expect(erp.reusedKeys).toEqual([]);
    expect(after.money.posted).toEqual([{ currency: 'USD', amount: '15.00' }]);
    expect(await appliance.command('exceptions', 'reprocess', found.caseId)).toMatchObject({ code: 1 });
  },
);

const offByFive = (controlId: string): string =>
  `${dft(ft1({ quantity: '3', unit: '10.00', extended: '30.05' }))
    .join('\r')
    .replace('|C1|', `|${controlId}|`)
    .replace('ACC5001', 'P1A')}\r`;

function correct({ configPath }: Appliance, from: string, to: string): void {
  const text = readFileSync(configPath, 'utf8');
  expect(text).toContain(from);
  writeFileSync(configPath, text.replace(from, to));
}

test('a message held because of a channel setting takes its old place when the setting was corrected', async () => {
  const { appliance, erp, sender } = await running({ channelExtra: '    profile: { amountTolerance: "0.01" }\n' });
  await accept(sender, charge({ controlId: 'BEFORE', patient: 'P1', amount: '1.00' }));
  await accept(sender, offByFive('HELD'));
  await accept(sender, charge({ controlId: 'YOUNG1', patient: 'P1', amount: '2.00' }));
  await accept(sender, charge({ controlId: 'YOUNG2', patient: 'P1', amount: '4.00' }));
  await untilErp(appliance, { posted: 1, held: 1, waiting: 0, blockedBehind: 2 });
  const found = await onlyCase(appliance);
  expect(found).toMatchObject({ controlId: 'HELD', cause: 'amount-mismatch FT1-11' });

  await appliance.stop();
  correct(appliance, 'amountTolerance: "0.01"', 'amountTolerance: "0.05"');
  await appliance.start();
  await untilErp(appliance, { posted: 1, held: 1, waiting: 0, blockedBehind: 2 });
  await rowsOf(appliance, ['exceptions', 'reprocess', found.caseId]);
  const after = await untilErp(appliance, { posted: 4, held: 0, waiting: 0, blockedBehind: 0, discarded: 0 });
  expect(arrivals(erp, 'P1A')).toEqual(['BEFORE', 'HELD', 'YOUNG1', 'YOUNG2']);
  expect(after.money.posted).toEqual([{ currency: 'USD', amount: '37.05' }]);
  expect(await rowsOf(appliance, ['exceptions', 'list'])).toEqual([]);
});

test('a message of a type without mapping is settled by its cause once the channel filters such types', async () => {
  const { appliance, sender } = await running({ channelExtra: '    policy: { onUnmappedType: hold }\n' });
  const result = charge({ controlId: 'LAB1' }).replace('DFT^P03^DFT_P03', 'MDM^T02^MDM_T02');
  await accept(sender, result);
  await accept(sender, result.replace('LAB1', 'LAB2'));
  const cases = await rowsOf<ExceptionCase>(appliance, ['exceptions', 'list']);
  expect(cases.map(({ controlId, cause }) => [controlId, cause])).toEqual([
    ['LAB1', 'unmapped-type MDM^T02'],
    ['LAB2', 'unmapped-type MDM^T02'],
  ]);
  const all = ['exceptions', 'reprocess', '--cause', 'unmapped-type MDM^T02'];
  expect(await appliance.command(...all)).toMatchObject({ code: 1 });
  await appliance.stop();
  correct(appliance, 'onUnmappedType: hold', 'onUnmappedType: filter');
  await appliance.start();
  expect(await rowsOf<ExceptionCase>(appliance, all)).toMatchObject([
    { controlId: 'LAB1', state: 'reprocessed' },
    { controlId: 'LAB2', state: 'reprocessed' },
  ]);
  expect((await statusOf(appliance)).openCases).toBe(0);
  expect(await erpOf(appliance)).toMatchObject({ enqueued: 0, held: 0 });
});
