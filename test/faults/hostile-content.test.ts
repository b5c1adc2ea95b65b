/** R8, R9, R10, O4: content made to harm costs its sender time, never the others, and nothing of it is ever run. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { statusOf, untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { missing } from '../support/faults/facilities.ts';
import { charge } from '../support/messages.ts';
import { ackOf, connectMllp } from '../support/mllp-client.ts';
import { smallestConfig, startAppliance } from '../support/start-appliance.ts';

async function running(when = '') {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({
    config: (ports) => smallestConfig({ ...ports, erpUrl: erp.url }).replace('{ to: erp }', () => `{ to: erp${when} }`),
  });
  onTestFinished(() => appliance.dispose());
  const sender = await connectMllp(appliance.mllpPort);
  onTestFinished(() => sender.close());
  return { erp, appliance, sender };
}

const withSegment = (controlId: string, segment: string): string => `${charge({ controlId })}${segment}\r`;

/** What a sender may write into one field or segment to make a reader slow. */
const MONSTERS: Readonly<Record<string, string>> = {
  'a million repetitions': `ZZZ|${'a~'.repeat(1_000_000)}`,
  'a million components': `ZZZ|${'a^'.repeat(1_000_000)}`,
  'a million subcomponents': `ZZZ|${'a&'.repeat(1_000_000)}`,
  'a field of a megabyte': `ZZZ|${'a'.repeat(1_048_576)}`,
  'nested escapes': `NTE|1||${'\\H\\'.repeat(200_000)}${'\\X'.repeat(200_000)}${'\\'.repeat(100_001)}`,
  'a hundred thousand segments': 'ZZZ|1\r'.repeat(100_000),
  'a million amounts in one field': `FT1|2|X||20260301|20260301|CG|1^A||||${'1^2&3~'.repeat(170_000)}`,
  'a field of ten megabytes': `OBX|1|ED|X||${'QUJD'.repeat(2_621_440)}`,
  'a million fields': `ZZZ${'|a'.repeat(1_000_000)}`,
  'fifty thousand segments': 'OBX|1|NM|code|1|value of a result\r'.repeat(50_000),
  'two million escapes that nobody reads': `NTE|1||${'\\F\\'.repeat(2_000_000)}`,
  'two million escapes in a field that is read': `FT1|2|X||20260301|20260301|CG|1^${'\\F\\'.repeat(2_000_000)}^CDM`,
  'a megabyte of backslashes': `FT1|2|X||20260301|20260301|CG|1^${'\\'.repeat(1_048_577)}^CDM`,
  'ten thousand messages without envelope': Array.from({ length: 10_000 }, (_, n) =>
    charge({ controlId: `M${n}` }),
  ).join(''),
  'a batch without end': `BHS|^~\\&|A\r${'MSH|^~\\&|A\rPID|1\r'.repeat(60_000)}`,
};

/** CPU of all threads of a process so far, in ms (proc(5): utime and stime, in ticks of 10 ms). */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The most memory that a process ever held, in MiB. */
const peakMiBOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1_024;

const noProc = missing(existsSync('/proc/self/status'), 'there is no /proc, so nobody knows what a process took');

test.skipIf(noProc).each(Object.entries(MONSTERS))(
  '%s: costs no more than a second of CPU, and memory stays bounded',
  async (_, segment) => {
    const { appliance, sender } = await running();
    for (let count = 0; count < 50; count++) await sender.send(charge({ controlId: `W${count}` }));
    await untilErp(appliance, { waiting: 0 });
    const before = cpuMsOf(appliance.pid());
    await sender.send(withSegment('MONSTER', segment), 20_000);
    expect(cpuMsOf(appliance.pid()) - before).toBeLessThan(1_000);
    expect(peakMiBOf(appliance.pid())).toBeLessThan(400);
  },
);

test.each(Object.entries(MONSTERS))(
  '%s: answered at once, and an honest sender waits less than a second',
  async (_, segment) => {
    const { appliance, sender } = await running();
    const honest = await connectMllp(appliance.mllpPort);
    onTestFinished(() => honest.close());
    const began = performance.now();
    const monster = sender.send(withSegment('MONSTER', segment), 20_000);
    let slowest = 0;
    for (let count = 0; count < 20; count++) {
      const from = performance.now();
      expect(ackOf(await honest.send(charge({ controlId: `H${count}` }))).code).toBe('AA');
      slowest = Math.max(slowest, performance.now() - from);
    }
    expect(ackOf(await monster)).toMatchObject({ controlId: 'MONSTER', code: expect.stringMatching(/^A[AER]$/) });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(slowest).toBeLessThan(1_000);
    expect(ackOf(await sender.send(charge({ controlId: 'NEXT' }))).code).toBe('AA');
  },
);

test('a text made for the pattern of a route stalls nobody', async () => {
  const { sender, appliance } = await running(', when: "message.sendingApplication.matches(\'^(a+)+$\')"');
  const hostile = charge({ controlId: 'SLOW' }).replace('|WARD|', `|${'a'.repeat(50_000)}!|`);
  const began = performance.now();
  expect(ackOf(await sender.send(hostile, 5_000)).controlId).toBe('SLOW');
  expect(performance.now() - began).toBeLessThan(1_000);
  expect((await statusOf(appliance)).channels[0]?.totals.received).toBe(1);
});

const NAMES = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'prototype'] as const;
const MARKUP = '<img src=x onerror=alert(1)>';
const FORMULA = '=cmd';

test('names of the language and markup in every place are text: delivered as sent, and nothing changes', async () => {
  const { erp, appliance, sender } = await running();
  const texts = [...NAMES, MARKUP, FORMULA];
  for (const [index, text] of texts.entries()) {
    // As patient, account, sender, transaction and department: each is a key somewhere.
    const message = charge({ controlId: `T${index}`, patient: text })
      .replace('|WARD|NORTH|', `|${text}|${text}|`)
      .replace('|CC4711', `|${text}`);
    expect(
      ackOf(await sender.send(withSegment(`T${index}`, `Z01|${text}`).replace(/^[\s\S]*\r(?=Z01)/, message))),
    ).toEqual(expect.objectContaining({ code: 'AA', controlId: `T${index}` }));
  }
  // As control id: a repetition of each is recognised.
  for (const name of NAMES) {
    for (let count = 0; count < 2; count++) {
      expect(ackOf(await sender.send(charge({ controlId: name })))).toMatchObject({ code: 'AA', controlId: name });
    }
  }
  await untilErp(appliance, { posted: texts.length + NAMES.length, waiting: 0, held: 0, dead: 0 });
  expect(new Set(erp.effects.slice(0, texts.length).map(({ subject }) => String(subject))).size).toBe(texts.length);
  expect(JSON.stringify(erp.effects)).toContain(JSON.stringify(MARKUP).slice(1, -1));
  const { channels } = await statusOf(appliance);
  expect(channels[0]?.totals).toMatchObject({ accepted: texts.length + NAMES.length, duplicate: NAMES.length });
});

test('an ERP that answers with markup and names of the language is judged, not believed', async () => {
  const { erp, appliance, sender } = await running();
  erp.answerBody = `{"status":"error","__proto__":{"status":"ok"},"constructor":"ok","message":"${MARKUP}"}`;
  expect(ackOf(await sender.send(charge({ controlId: 'M1' }))).code).toBe('AA');
  await untilErp(appliance, { posted: 0 });
  const page = await fetch(appliance.statusUrl);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(JSON.stringify(await statusOf(appliance))).not.toContain('onerror');
  erp.answerBody = null;
  await untilErp(appliance, { posted: 1, waiting: 0 }, 30_000);
});
