/**
 * The status view in a real Chromium, against a fake appliance: what a person sees, live, with the page's policy on.
 */
import { existsSync, readFileSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type RunningServer, startStatusServer } from '../../src/api/server.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLog } from '../../src/platform/log.ts';
import { createMetrics } from '../../src/status/registry.ts';
import {
  FAKE_NOW_MS,
  type FakeOperations,
  fakeChannel,
  fakeDestination,
  fakeOperations,
  fakeOutage,
  fakeSnapshot,
  FAKE_STORE,
} from '../support/fake-operations.ts';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run',
  '--disable-background-networking --disable-component-update --disable-sync',
].join(' ');
const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** Run inside the page, hence text: its world has other types than this file's. */
const AUDIT = `axe
  .run(document, { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } })
  .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | ')))`;
const SIDEWAYS_PIXELS = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
const FOCUS = `document.activeElement.textContent + ' ' + getComputedStyle(document.activeElement).outlineStyle`;

const hasChromium = existsSync(CHROMIUM);
const mustRun = /^(1|true)$/i.test(process.env.CI ?? '');

if (mustRun && !hasChromium) {
  test(`${CHROMIUM} is installed, as CI needs it`, () => {
    expect(hasChromium, 'apt-get install chromium').toBe(true);
  });
}

describe.skipIf(!hasChromium)(
  hasChromium ? 'in Chromium' : `skipped: ${CHROMIUM} is not installed (apt-get install chromium)`,
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(' ') });
    }, 60_000);
    afterAll(() => browser?.close());

    async function start(operations: FakeOperations, port = 0): Promise<RunningServer> {
      const metrics = createMetrics({ processMetrics: false });
      return startStatusServer({
        operations,
        metrics,
        host: '127.0.0.1',
        port,
        log: silentLog,
        clock: systemClock,
        tickMs: 200,
      });
    }

    async function setUp(snapshot = fakeSnapshot(), options: BrowserContextOptions = {}) {
      const operations = fakeOperations();
      operations.snapshot = snapshot;
      const server = await start(operations);
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() !== 'log' && message.type() !== 'info') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      onTestFinished(async () => {
        await context.close();
        await server.close();
      });
      const startMs = performance.now();
      await page.goto(`http://${server.address}/`);
      await page.locator('tbody tr').first().waitFor();
      return { operations, server, page, complaints, firstRowsMs: performance.now() - startMs };
    }

    const verdict = (page: Page) => page.getByRole('status');
    const row = (page: Page, id: string) => page.getByRole('row').filter({ hasText: id }).first();

    test('shows verdict, figures and rows worst first, without a complaint of console or page policy', async () => {
      const snapshot = fakeSnapshot({
        destinations: [fakeDestination({ id: 'supplies' }), fakeOutage()],
        channels: [fakeChannel(), fakeChannel({ id: 'lab', lastMessageAtMs: null })],
        openCases: 12,
      });
      const { page, complaints, firstRowsMs } = await setUp(snapshot);
      expect(firstRowsMs).toBeLessThan(5_000);
      expect(await verdict(page).textContent()).toContain(
        'ERP erp cannot be reached since 09:11; 1,204 events wait, oldest 4 min.',
      );
      expect(await page.title()).toBe("Blocked – St Mary's Hospital – Causeway");
      expect(await page.getByRole('rowheader').locator('.name').allTextContents()).toEqual([
        'erp',
        'supplies',
        'lab',
        'clinical',
      ]);
      expect(await row(page, 'erp').textContent()).toMatch(
        /Blocked.*Cannot be reached since 09:11 \(ECONNREFUSED\).*1,204.*4 min.*128,450\.75 USD/,
      );
      expect(await row(page, 'lab').textContent()).toContain('Nothing received yet – this is normal after a start.');
      const body = await page.locator('body').textContent();
      for (const words of ['Live', 'causeway exceptions list', '128,450.75', 'America/Chicago'])
        expect(body).toContain(words);
      expect(complaints).toEqual([]);
    });

    test('an outage and the recovery appear by themselves', async () => {
      const { page, operations, complaints } = await setUp();
      await page.evaluate('globalThis.mark = "not reloaded"');
      expect(await verdict(page).textContent()).toContain('Everything flows. Nothing waits.');
      operations.snapshot = fakeSnapshot({ destinations: [fakeOutage()] });
      await verdict(page).filter({ hasText: 'ERP erp cannot be reached since 09:11' }).waitFor();
      await row(page, 'erp').filter({ hasText: 'Blocked' }).waitFor();
      operations.snapshot = fakeSnapshot({ destinations: [fakeDestination({ posted: 2_394 })] });
      await verdict(page).filter({ hasText: 'Everything flows' }).waitFor();
      await row(page, 'erp').filter({ hasText: 'Flowing' }).waitFor();
      expect(await page.evaluate('globalThis.mark')).toBe('not reloaded');
      expect(complaints).toEqual([]);
    });

    test('says how old its figures are while the appliance is away, and comes back after its restart', async () => {
      const { page, operations, server } = await setUp();
      await server.close();
      await page.getByText('Reconnecting – figures from 09:14:00').waitFor();
      expect(await row(page, 'erp').textContent()).toContain('Flowing');
      operations.snapshot = fakeSnapshot({ nowMs: FAKE_NOW_MS + 60_000, destinations: [fakeOutage()] });
      const again = await start(operations, Number(server.address.split(':')[1]));
      onTestFinished(() => again.close());
      await verdict(page).filter({ hasText: 'ERP erp cannot be reached' }).waitFor();
      await page.locator('.link.live').waitFor();
    });

    const hard = fakeSnapshot({
      facility: {
        id: 'x',
        name: 'Universitätsklinikum Nord-Süd-Ost-West mit langem Namen',
        timezone: 'Europe/Berlin',
        currency: 'EUR',
      },
      store: { ...FAKE_STORE, state: 'failed', failedSinceMs: FAKE_NOW_MS - 60_000, reason: 'ENOSPC' },
      channels: ['clinical', 'a-channel-with-a-very-long-name-that-somebody-once-thought-useful'].map((id) =>
        fakeChannel({ id }),
      ),
      destinations: [
        fakeOutage(),
        fakeDestination({ id: 'gl', waiting: 40, oldestWaitingAtMs: FAKE_NOW_MS - 3_600_000 }),
        fakeDestination({ id: 'hr', held: 3, dead: 1, blockedBehind: 9 }),
      ],
      openCases: 3,
    });

    test.each<[string, BrowserContextOptions]>([
      ['light', { colorScheme: 'light', viewport: { width: 1_280, height: 800 } }],
      ['dark', { colorScheme: 'dark', viewport: { width: 1_280, height: 800 } }],
      ['light at 320 px', { colorScheme: 'light', viewport: { width: 320, height: 640 } }],
      ['dark at 320 px', { colorScheme: 'dark', viewport: { width: 320, height: 640 } }],
    ])('meets WCAG 2.2 AA in %s and never scrolls sideways', async (_name, options) => {
      for (const snapshot of [fakeSnapshot(), hard]) {
        const { page } = await setUp(snapshot, { ...options, bypassCSP: true });
        await page.evaluate(AXE);
        const violations = await page.evaluate(AUDIT);
        expect(violations).toEqual([]);
        const overflow = await page.evaluate(SIDEWAYS_PIXELS);
        expect(overflow).toBeLessThanOrEqual(0);
      }
    });

    test('every control is reached by keyboard and shows its focus', async () => {
      const { page } = await setUp();
      const reached: unknown[] = [];
      for (let step = 0; step < 2; step += 1) {
        await page.keyboard.press('Tab');
        reached.push(await page.evaluate(FOCUS));
      }
      expect(reached).toEqual(['Status as JSON solid', 'Metrics solid']);
    });

    test('text from outside stays text', async () => {
      const reason = '<img src=x onerror="document.title=1">';
      const outage = fakeOutage();
      const named = { ...outage, text: reason };
      const { page, complaints } = await setUp(
        fakeSnapshot({ destinations: [named], verdict: { state: 'blocked', text: reason } }),
      );
      expect(await page.locator('img').count()).toBe(0);
      expect(await verdict(page).textContent()).toContain(reason);
      expect(complaints).toEqual([]);
    });

    test('shows no member that the status does not show: a sentinel beside it never reaches the page', async () => {
      const smuggled = { ...fakeDestination(), orderingKey: 'SENTINEL-4711', lastPatient: { name: 'SENTINEL^ANN' } };
      const { page } = await setUp(fakeSnapshot({ destinations: [smuggled] }));
      expect(await page.content()).not.toContain('SENTINEL');
    });

    test('200 channels are shown and follow changes', async () => {
      const channels = Array.from({ length: 200 }, (_, at) =>
        fakeChannel({ id: `channel-${String(at).padStart(3, '0')}` }),
      );
      const { page, operations, complaints } = await setUp(fakeSnapshot({ channels }));
      expect(await page.getByRole('rowheader').count()).toBe(201);
      operations.snapshot = fakeSnapshot({ channels: channels.map((one) => ({ ...one, receivedPerMinute: 77 })) });
      await page.getByText('15,400').waitFor();
      expect(complaints).toEqual([]);
    });
  },
);
