// Times in the browser what somebody waits for in the table of keys, with a million keys and beside it with a thousand: the first page after a
// press in the sidebar, the next by another order, a word that is searched for, and the page loaded anew. Prints medians and the worst.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { Server } from '../e2e/support/server';
import { expect, test as base } from '../e2e/support/test';

const rounds = 9;
/** For the first page; the others are told beside it. */
const bound = 300;

const systems = ['Billing', 'Inventory', 'Weather', 'Cold chain', 'Payroll', 'Maintenance', 'Portal', 'Tracking', 'Forecast', 'Archive'];
const verbs = ['sync', 'export', 'monitor', 'upload', 'report', 'gateway', 'import', 'batch'];

function* lines(count: number) {
  for (let number = 0; number < count; number += 1) {
    const system = systems[number % systems.length] ?? '';
    const verb = verbs[Math.floor(number / systems.length) % verbs.length] ?? '';
    yield `${JSON.stringify({ name: `${system} ${verb} ${number}`, description: `Sample number ${number} of ${system}`, expires_in: `${30 + (number % 330)}d`, tags: [verb], external_id: `sample-${number}` })}\n`;
  }
}

/** Brings keys in as a file is. */
async function fill(server: Server, count: number) {
  const all = lines(count);
  const body = new ReadableStream({
    pull(to) {
      let part = '';
      for (let line = all.next(); ; line = all.next()) {
        if (line.done) {
          if (part) to.enqueue(new TextEncoder().encode(part));
          to.close();
          return;
        }
        part += line.value;
        if (part.length > 256 * 1024) break;
      }
      to.enqueue(new TextEncoder().encode(part));
    },
  });
  const headers = { Authorization: `Bearer ${server.made.management_key}`, 'Content-Type': 'application/x-ndjson' };
  const answer = await fetch(`${server.api}/v1/keys/import?fresh=true`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
  let last = '';
  const text = new TextDecoder();
  for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>) last = (last + text.decode(part, { stream: true })).slice(-4_000);
  expect(last).toContain('"done"');
}

/** How long until rows of keys are painted that were not there, from `begin` on; in milliseconds. */
async function shown(page: Page, begin: () => Promise<unknown>): Promise<number> {
  await page.evaluate(() => {
    const rows = '[role=rowheader]';
    const first = () => document.querySelector(rows)?.textContent ?? '';
    const before = first();
    const w = window as unknown as { begun: number; painted: Promise<number> };
    w.painted = new Promise((done) => {
      const look = () => {
        if (first() === '' || first() === before) requestAnimationFrame(look);
        else requestAnimationFrame(() => done(performance.now()));
      };
      const start = () => {
        w.begun = performance.now();
        look();
      };
      document.addEventListener('pointerdown', start, { once: true, capture: true });
      document.addEventListener('keydown', start, { once: true, capture: true });
    });
  });
  await begin();
  return page.evaluate(async () => {
    const w = window as unknown as { begun: number; painted: Promise<number> };
    return (await w.painted) - w.begun;
  });
}

const steps: Record<string, (page: Page, server: Server, round: number) => Promise<number>> = {
  'first page, from the overview': async (page, server) => {
    await page.goto(server.url);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await page.waitForLoadState('networkidle');
    return shown(page, () => page.getByRole('link', { name: 'API keys', exact: true }).first().click());
  },
  'another order': async (page, server, round) => {
    await page.goto(`${server.url}/keys?sort=${round % 2 ? 'name' : '-created_at'}`);
    await expect(page.getByRole('rowheader').first()).toBeVisible();
    return shown(page, () => page.getByRole('columnheader', { name: 'Name' }).click());
  },
  'page loaded anew': async (page, server) => {
    await page.goto(`${server.url}/keys`, { waitUntil: 'commit' });
    return page.evaluate(
      () =>
        new Promise<number>((done) => {
          const look = () => {
            if (!document.querySelector('[role=rowheader]')) requestAnimationFrame(look);
            else requestAnimationFrame(() => done(performance.now()));
          };
          look();
        }),
    );
  },
  'what needs attention, from the API': async (_, server) => {
    const begun = performance.now();
    await server.call('GET', '/v1/attention');
    return performance.now() - begun;
  },
};

const test = base.extend<object, { count: number }>({
  count: [1_000, { scope: 'worker', option: true }],
  server: [
    async ({ count }, use) => {
      const server = await Server.start('empty');
      await fill(server, count);
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 20 * 60_000 },
  ],
});

const file = 'test-results/million-medians.json';

test('the table of keys', async ({ console: page, server, count }) => {
  const beside: Record<string, number> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const medians: Record<string, number> = {};
  for (const [name, step] of Object.entries(steps)) {
    const times: number[] = [];
    await step(page, server, 0);
    for (let round = 0; round < rounds; round += 1) times.push(await step(page, server, round));
    times.sort((a, b) => a - b);
    const median = times[Math.floor(rounds / 2)] ?? NaN;
    medians[name] = median;
    const other = beside[name];
    const ratio = other === undefined ? '' : `, ${(median / other).toFixed(2)} of that with 1,000`;
    console.log(`${count.toLocaleString('en-GB')} keys, ${name}: median ${median.toFixed(0)} ms, worst ${(times.at(-1) ?? NaN).toFixed(0)} ms${ratio}`);
    if (name.startsWith('first page')) expect(median, `${name}, at most ${bound} ms`).toBeLessThan(bound);
  }
  // For the next project, which has more keys.
  writeFileSync(file, JSON.stringify(medians));
});
