// `test` and `expect` for every spec: a server for the file, a page of somebody who is signed in, and after each test the question
// whether the console broke its policy, wrote an error, or asked another host.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
import { signIn } from './people';
import { Server, person } from './server';

interface WorkerFixtures {
  server: Server;
  /** The session's cookie of the first person. */
  cookie: string;
}

interface Fixtures {
  expected: RegExp[];
  /** Somebody who is signed in, at the first page. */
  console: Page;
  /** Nobody. */
  visitor: Page;
  /** Names an error of the browser's console that the test brings about itself. */
  expectError: (pattern: RegExp) => void;
}

/** Chromium writes each refused request as an error; refusals are answers. */
const answers = /Failed to load resource: the server responded with a status of (400|401|403|404|409|412|422|429)/;

function watch(page: Page, server: Server, expected: readonly RegExp[]): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    const known = [answers, ...expected].some((pattern) => pattern.test(message.text()));
    if (message.type() === 'error' && !known) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== new URL(server.url).origin) faults.push(`asked ${url.origin}`);
  });
  return faults;
}

/** How long a sign-in serves: well within the ten minutes after which the server asks who it is once more. */
const serves = 4 * 60_000;
const sessions = new WeakMap<Server, { cookie: string; since: number }>();

/** A session of the first person that was proven lately. */
async function proven(server: Server, first: string): Promise<string> {
  const held = sessions.get(server) ?? { cookie: first, since: Date.now() };
  const fresh = Date.now() - held.since < serves ? held : { cookie: await signIn(server, person.email, person.password), since: Date.now() };
  sessions.set(server, fresh);
  return fresh.cookie;
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
  expected: async ({}, use) => use([]),
  expectError: async ({ expected }, use) => use((pattern) => expected.push(pattern)),
  console: async ({ page, context, server, cookie, expected }, use) => {
    const [name = '', value = ''] = (await proven(server, cookie)).split('=');
    await context.addCookies([{ name, value, url: server.url }]);
    const faults = watch(page, server, expected);
    await use(page);
    expect(faults, 'errors in the console').toEqual([]);
  },
  visitor: async ({ page, server, expected }, use) => {
    const faults = watch(page, server, expected);
    await use(page);
    expect(faults, 'errors in the console').toEqual([]);
  },
});

export { expect };

type Question = 'all' | 'colours' | 'layout';

/** Nothing that WCAG 2.2 AA forbids, as far as axe can see. Rows of a table are alike: it looks at the first ones. */
export async function accessible(page: Page, question: Question = 'all') {
  const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).exclude('[role=rowgroup] [role=row]:nth-child(n+6)');
  // The spoken region of React Aria names what has gone from the page meanwhile.
  axe.exclude('[data-live-announcer]');
  if (question === 'colours') axe.withRules(['color-contrast']);
  else axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']);
  if (question === 'layout') axe.disableRules(['color-contrast']);
  const found = await axe.analyze();
  const said = found.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => `${node.target.join(' ')} — ${node.failureSummary ?? ''}`).join('; ')}`);
  expect(said).toEqual([]);
}

const sizes = { narrow: { width: 360, height: 740 }, usual: { width: 1280, height: 800 }, wide: { width: 1920, height: 1080 } } as const;

/** The pictures of a page: both themes in the usual size, and each other size in one. */
const shots = [
  { size: 'narrow', theme: 'light', asks: 'layout' },
  { size: 'usual', theme: 'light', asks: 'all' },
  { size: 'usual', theme: 'dark', asks: 'colours' },
  { size: 'wide', theme: 'dark', asks: undefined },
] as const satisfies readonly { size: string; theme: string; asks?: Question }[];

/** Once nothing moves any more, and the letters are there. */
async function still(page: Page) {
  await page.evaluate(async () => {
    await document.fonts.ready;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const finite = document.getAnimations().filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime));
    await Promise.allSettled(finite.map((one) => one.finished));
  });
}

/** Pictures in light and dark, narrow, usual and wide, held against WCAG; they are in `test-results/pictures`. */
export async function pictures(page: Page, name: string, which: readonly (keyof typeof sizes)[] = ['narrow', 'usual', 'wide']) {
  for (const { size, theme, asks } of shots.filter((shot) => which.includes(shot.size))) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.setViewportSize(sizes[size]);
    await still(page);
    await page.screenshot({ path: `test-results/pictures/${name}-${size}-${theme}.png` });
    const across = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(across, `${name} is not wider than the screen (${size})`).toBeLessThanOrEqual(0);
    if (asks) await accessible(page, asks);
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize(sizes.usual);
}
