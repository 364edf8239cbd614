// Takes the pictures of docs/console.md against the demo's data, in light and dark. One more is one more entry in `shots`.
import type { Page } from '@playwright/test';
import type { Server } from '../e2e/support/server';
import { expect, test } from '../e2e/support/test';

interface Shot {
  name: string;
  path: string | ((server: Server) => string);
  /** What is done before the picture. */
  before?: (page: Page) => Promise<void>;
  /** What must be there; a heading of the first rank when not said. */
  shows?: (page: Page) => ReturnType<Page['locator']>;
}

const example = (server: Server) => (server.made as unknown as { example: string }).example;

const shots: readonly Shot[] = [
  { name: 'overview', path: '/', before: async (page) => expect(page.getByRole('heading', { level: 2 }).first()).toBeVisible() },
  { name: 'keys', path: '/keys', shows: (page) => page.getByRole('row').nth(3) },
  { name: 'create', path: '/keys/new', before: async (page) => page.getByRole('textbox', { name: 'Name' }).first().fill('Sample order sync') },
  { name: 'key', path: (server) => `/keys/${example(server)}` },
  {
    name: 'audit',
    path: '/audit?action=key.rotate',
    shows: (page) => page.getByRole('dialog'),
    before: async (page) => page.getByRole('row').nth(1).getByRole('rowheader').click(),
  },
  { name: 'policy', path: '/policy', shows: (page) => page.locator('[data-setting="expiry.mode"]') },
];

const folder = '../docs/console';

async function take(page: Page, name: string) {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.waitForTimeout(300);
    await page.screenshot({ path: `${folder}/${name}-${theme}.png` });
  }
}

test.use({ viewport: { width: 1200, height: 750 } });

test('sign-in', async ({ visitor: page, server, cookie }) => {
  expect(cookie).toBeTruthy();
  await page.goto(`${server.url}/sign-in`);
  await expect(page.getByLabel('Email')).toBeVisible();
  await take(page, 'sign-in');
});

for (const shot of shots) {
  test(shot.name, async ({ console: page, server }) => {
    await page.goto(server.url + (typeof shot.path === 'string' ? shot.path : shot.path(server)));
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await page.waitForLoadState('networkidle');
    await shot.before?.(page);
    await expect(shot.shows?.(page) ?? page.getByRole('heading', { level: 1 })).toBeVisible();
    await take(page, shot.name);
  });
}

test('reveal', async ({ console: page, server }) => {
  await page.goto(`${server.url}/keys/new`);
  await page.getByRole('textbox', { name: 'Name' }).first().fill('Sample order sync');
  await page.getByRole('button', { name: /^Create/ }).last().click();
  await expect(page.getByRole('dialog').getByRole('checkbox')).toBeVisible();
  await take(page, 'reveal');
});
