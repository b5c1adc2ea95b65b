/** A repair leaves rows of control ids out without a word. A charge that is repeated to the copy posts once. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLevel } from '../../src/platform/level-disk.ts';
import { statusOf } from '../support/appliance-status.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { fillStore, MESSAGES } from '../support/store-damage.ts';

test('a salvaged store knows its messages although the rows of their control ids are gone', async () => {
  const appliance = await fillStore();
  onTestFinished(() => appliance.dispose());
  const data = join(appliance.directory, 'data');
  const disk = await openLevel(join(data, 'db'), { createIfMissing: false });
  const rows = disk.iterator({ gte: 'c!', lt: 'c!~', limit: MESSAGES + 1, reverse: false, values: false });
  for (let page = await rows.nextv(100); page.length > 0; page = await rows.nextv(100))
    await disk.batch(
      page.map(([key]) => ({ type: 'del', key }) as const),
      { sync: true },
    );
  await rows.close();
  await disk.close();

  const { code, stdout } = await appliance.command('salvage', '--to', `${data}-copy`, '--json');
  expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, indexedAgain: MESSAGES });
  renameSync(data, `${data}-damaged`);
  renameSync(`${data}-copy`, data);
  await appliance.start();
  const client = await connectMllp(appliance.mllpPort);
  onTestFinished(() => client.close());
  for (const at of [0, MESSAGES - 1]) {
    const again = charge({ controlId: `D${at}`, patient: `P${at % 10}`, amount: '1.25' });
    expect((await client.send(again)).toString()).toContain('MSA|AA|');
  }
  const { channels, destinations } = await statusOf(appliance);
  expect(channels[0]?.totals.duplicate).toBe(2);
  expect(destinations[0]).toMatchObject({ waiting: MESSAGES });
});
