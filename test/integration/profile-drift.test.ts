/** A sender that changed: the message is taken as ever, and status, doctor and metrics say what is new about it. */
import { expect, onTestFinished, test } from 'vitest';
import { erpOf, statusOf } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { admission, charge } from '../support/messages.ts';
import { ackOf, connectMllp } from '../support/mllp-client.ts';
import { startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const LEARNED = `    profile:
      zSegments: { ZFT: { fields: { 2: { name: Cost centre, shown: true } } } }
      learned: { senders: [WARD/NORTH], messageTypes: [DFT^P03], zSegments: [], transactionTypes: [CG] }
`;

test('what differs from the learned profile is told, and refuses nothing', async () => {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url, channelExtra: LEARNED });
  onTestFinished(() => appliance.dispose());
  const sender = await connectMllp(appliance.mllpPort);
  const send = async (text: string) => ackOf(await sender.send(text)).code;

  expect(await send(charge({ controlId: 'SAME', patient: 'SECRET1' }))).toBe('AA');
  expect((await statusOf(appliance)).channels[0]).toMatchObject({ state: 'flowing', drift: [] });

  const moved = charge({ controlId: 'NEW', patient: 'SECRET1' }).replace('|WARD|', '|LAB|');
  expect(await send(`${moved}ZFT|1|CC7\r`)).toBe('AA');
  expect(await send(admission({ controlId: 'TYPE', patient: 'SECRET1' }))).toBe('AA');
  await sender.close();
  await until('all is delivered', async () => (await erpOf(appliance)).waiting === 0);

  const { channels, verdict } = await statusOf(appliance);
  expect(channels[0]).toMatchObject({ state: 'needs-attention' });
  expect(channels[0]?.drift.map(({ kind, what }) => `${kind} ${what}`).sort()).toEqual([
    'message-type ADT^A01',
    'sender LAB/NORTH',
    'z-segment ZFT',
  ]);
  expect(verdict).toMatchObject({
    state: 'needs-attention',
    text: expect.stringContaining('new sender LAB/NORTH (1)'),
  });
  const doctor = await appliance.command('doctor');
  expect(doctor.stdout).toMatch(
    /warn {2}channel clinical: Differs from the learned profile: new Z-segment ZFT \(1\)\./,
  );
  const metrics = await (await fetch(`${appliance.statusUrl}/metrics`)).text();
  expect(metrics).toContain('causeway_profile_drift_total{channel="clinical",kind="sender"} 1');
  expect(metrics).toContain('causeway_profile_drift_total{channel="clinical",kind="charset"} 0');
  expect(JSON.stringify([channels, verdict, doctor, metrics])).not.toContain('SECRET');

  const shown = await appliance.command('messages', 'show', 'm0000000000000002', '--tree');
  expect(shown.stdout).toMatch(/ZFT-2 +Cost centre +CC7/);
});
