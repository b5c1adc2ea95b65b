/** A person on the phone gives a control id: the message and what became of it are found, without patient data. */
import { expect, onTestFinished, test } from 'vitest';
import type { MessageRow } from '../../src/api/operations.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { admission, charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

test('messages are found by control id over restarts, and shown in full only on request', async () => {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  const sender = await connectMllp(appliance.mllpPort);
  await sender.send(charge({ controlId: 'ASKED', patient: 'SECRET77', amount: '1.00' }));
  for (let number = 0; number < 20; number += 1) await sender.send(admission({ controlId: `OTHER${number}` }));
  await sender.send(charge({ controlId: 'ASKED', patient: 'SECRET77', amount: '2.00' }));
  await sender.close();
  await until('all is delivered', async () => erp.effects.length >= 22);
  await appliance.kill9();
  await appliance.start();

  const found = await appliance.command('messages', 'find', '--control-id', 'ASKED', '--json');
  expect(found.code).toBe(0);
  const rows = found.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as MessageRow);
  expect(rows.map(({ messageId }) => Number(messageId.slice(1)))).toEqual([1, 22]);
  expect(rows[1]?.flags).toEqual(['reused-control-id']);
  const elsewhere = ['messages', 'find', '--control-id', 'ASKED', '--channel', 'nowhere'];
  expect((await appliance.command(...elsewhere)).code).toBe(1);
  expect((await appliance.command('messages', 'find', '--control-id', 'ABSENT')).code).toBe(1);

  const shown = await appliance.command('messages', 'show', rows[0]?.messageId ?? '');
  expect(shown.stdout).toMatch(/^m0{15}1 {2}accepted {2}answered AA\n/);
  expect(shown.stdout).toMatch(/^Replies {3}original mode: application AA sent$/m);
  expect(shown.stdout).toMatch(/Entry {5}erp:normal:0{15}1 {2}charge\.posted {2}is delivered/);
  const byEntry = await appliance.command('messages', 'show', 'erp:normal:0000000000000001');
  expect(byEntry.stdout).toBe(shown.stdout);
  expect(shown.stdout).not.toContain('SECRET77');
  expect(appliance.logs()).not.toContain('was shown to a person');

  const tree = await appliance.command('messages', 'show', rows[0]?.messageId ?? '', '--tree');
  expect(tree.stdout).toMatch(/PID-3 +Patient Identifier List \(CX\)\n +PID-3\.1 +ID Number +•••T77/);
  expect(tree.stdout).toMatch(/FT1-11 +Transaction Amount Extended \(CP\) +1\.00/);
  expect(tree.stdout).not.toContain('SECRET77');
  expect(appliance.logs()).not.toContain('was shown to a person');

  const open = await appliance.command('show', rows[0]?.messageId ?? '', '--unmask', '--json');
  expect(JSON.parse(open.stdout)).toMatchObject({ ok: true, tree: { masked: false, type: 'DFT^P03' } });
  expect(open.stdout).toContain('SECRET77');
  expect(appliance.logs().match(/was shown to a person/g)).toHaveLength(1);

  const whole = await appliance.command('messages', 'show', rows[0]?.messageId ?? '', '--frame');
  expect(whole.stdout.split('\n')[2]).toContain('SECRET77');
  expect(appliance.logs()).toMatch(/shown to a person.*m0{15}1|m0{15}1.*shown to a person/);
  expect((await appliance.command('messages', 'show', 'm999')).code).toBe(1);
});
