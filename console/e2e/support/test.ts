// `test` and `expect` for every spec: a server for the file, a page of somebody who is signed in, and after each test the question
// whether the console broke its policy, wrote an error, or asked another host.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
import { Server } from './server';

interface WorkerFixtures {
  server: Server;
  /** The session's cookie of the first person. */
  cookie: string;
}

interface Fixtures {
  /** Somebody who is signed in, at the first page. */
  console: Page;
  /** Nobody. */
  visitor: Page;
}

/** Chromium writes each refused request as an error; refusals are answers. */
const answers = /Failed to load resource: the server responded with a status of (400|401|403|404|409|412|422|429)/;

function watch(page: Page, server: Server): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !answers.test(message.text())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== new URL(server.url).origin) faults.push(`asked ${url.origin}`);
  });
  return faults;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  server: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  cookie: [async ({ server }, use) => use(await server.firstPerson()), { scope: 'worker' }],
  console: async ({ page, context, server, cookie }, use) => {
    const [name = '', value = ''] = cookie.split('=');
    await context.addCookies([{ name, value, url: server.url }]);
    const faults = watch(page, server);
    await use(page);
    expect(faults, 'errors in the console').toEqual([]);
  },
  visitor: async ({ page, server }, use) => {
    const faults = watch(page, server);
    await use(page);
    expect(faults, 'errors in the console').toEqual([]);
  },
});

export { expect };

/** Nothing that WCAG 2.2 AA forbids, as far as axe can see. */
export async function accessible(page: Page) {
  const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  const said = found.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => `${node.target.join(' ')} — ${node.failureSummary ?? ''}`).join('; ')}`);
  expect(said).toEqual([]);
}

const sizes = { narrow: { width: 360, height: 740 }, usual: { width: 1280, height: 800 }, wide: { width: 1920, height: 1080 } } as const;

/** Pictures in light and dark, narrow, usual and wide, each held against WCAG; they are in `test-results/pictures`. */
export async function pictures(page: Page, name: string, which: readonly (keyof typeof sizes)[] = ['narrow', 'usual', 'wide']) {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    for (const size of which) {
      await page.setViewportSize(sizes[size]);
      await page.waitForTimeout(250);
      await page.screenshot({ path: `test-results/pictures/${name}-${size}-${theme}.png` });
      const across = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(across, `${name} is not wider than the screen (${size})`).toBeLessThanOrEqual(0);
      if (size !== 'wide') await accessible(page);
    }
  }
  await page.setViewportSize(sizes.usual);
}
