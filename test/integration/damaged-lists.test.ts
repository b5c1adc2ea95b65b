/** Records that cannot be read: every list and look-up goes on without them and names them. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { CaseDetail, EntryRow, MessageRow, ReplayAnswer } from '../../src/api/operations.ts';
import type { ExceptionCase } from '../../src/model/exception-case.ts';
import { plainEnvelope } from '../../src/platform/envelope.ts';
import { openLevel } from '../../src/platform/level-disk.ts';
import { statusOf, untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { type Appliance, startAppliance } from '../support/start-appliance.ts';

const MESSAGES = 7;
const pad = (sequence: number): string => String(sequence).padStart(16, '0');

/** A bit is flipped in each of `damaged`; the parked records of `dead` become those of dead letters. */
async function change(
  appliance: Appliance,
  { damaged, dead }: { damaged: readonly string[]; dead: readonly number[] },
) {
  const disk = await openLevel(join(appliance.directory, 'data/db'), { createIfMissing: false });
  for (const sequence of dead) {
    const key = `p!erp!normal!${pad(sequence)}`;
    const record = JSON.parse(plainEnvelope.open(key, disk.getSync(key) ?? new Uint8Array()).payload.toString('utf8'));
    const value = plainEnvelope.seal(key, sequence, [Buffer.from(JSON.stringify({ ...record, state: 'dead' }))]);
    await disk.batch([{ type: 'put', key, value }], { sync: true });
  }
  for (const key of damaged) {
    const value = Buffer.from(disk.getSync(key) ?? []);
    value.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1);
    await disk.batch([{ type: 'put', key, value }], { sync: true });
  }
  await disk.close();
}

test('lists, look-ups, replay and status go on without damaged records and name them', async () => {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  const sender = await connectMllp(appliance.mllpPort);
  const send = async (number: number): Promise<void> => {
    const reply = await sender.send(charge({ controlId: `L${number}`, patient: `P${number}`, amount: '1.25' }));
    expect(reply).toContain('MSA|AA|');
  };
  await send(1);
  await untilErp(appliance, { posted: 1 });
  await erp.setMode('reject');
  // One after the other: cases are numbered in the order of the answers.
  for (let number = 2; number <= MESSAGES; number += 1) {
    await send(number);
    await untilErp(appliance, { held: number - 1 });
  }
  await sender.close();
  await appliance.stop();
  // Cases count from 1 for message 2. What waits with an unreadable record gets a further one.

  await change(appliance, {
    dead: [5, 7],
    damaged: [`x!${pad(1)}`, `m!${pad(3)}`, `e!erp!normal!${pad(5)}`, `p!erp!normal!${pad(6)}`],
  });
  await appliance.start();

  const run = async <Row>(...args: string[]): Promise<{ rows: Row[]; said: string }> => {
    const { code, stdout, stderr } = await appliance.command(...args, '--json');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const rows = stdout.split('\n').filter((line) => line !== '');
    return { rows: rows.map((line) => JSON.parse(line) as Row), said: stderr };
  };

  for (const state of ['open', undefined]) {
    const cases = await run<ExceptionCase>('exceptions', 'list', ...(state === undefined ? [] : ['--state', state]));
    expect(cases.rows.map(({ controlId }) => controlId)).toEqual(['L2', 'L3', 'L4', 'L5', 'L6', 'L7', 'L6']);
    // The damaged record of the first case was made again at the start.
    expect(cases.said).toBe('');
  }
  const [shown] = (await run<CaseDetail>('exceptions', 'show', `x${pad(2)}`)).rows;
  expect(shown).toMatchObject({ message: null, damaged: [{ id: `m${pad(3)}` }], entries: [{ state: 'held' }] });

  const dead = await run<EntryRow>('dead-letters', 'list');
  expect(dead.rows.map(({ controlId }) => controlId)).toEqual(['L7']);
  expect(dead.said).toContain(`erp:normal:${pad(5)} cannot be read`);

  const found = await appliance.command('messages', 'find', '--control-id', 'L3', '--json');
  expect(found).toMatchObject({ code: 1, stdout: '' });
  expect(found.stderr).toContain(`m${pad(3)} cannot be read`);
  const listed = await run<MessageRow>('messages', 'find', '--control-id', 'L4');
  expect(listed).toMatchObject({ rows: [{ messageId: `m${pad(4)}` }], said: '' });
  const shownMessage = await run<{ damaged: unknown }>('messages', 'show', `m${pad(5)}`);
  expect(shownMessage.rows).toMatchObject([{ entries: [], damaged: [{ id: `erp:normal:${pad(5)}` }] }]);

  const range = ['--destination', 'erp', '--from', `m${pad(1)}`, '--to', `m${pad(MESSAGES)}`];
  const counted = await run<ReplayAnswer>('replay', ...range);
  expect(counted.rows).toMatchObject([{ entries: 1, damagedRecords: 1, damaged: [{ id: `m${pad(3)}` }] }]);
  expect((await run<ReplayAnswer>('replay', ...range, '--yes')).rows).toMatchObject([{ replayed: 1 }]);

  expect((await statusOf(appliance)).destinations).toHaveLength(1);
  expect((await fetch(`${appliance.statusUrl}/`)).status).toBe(200);
});
