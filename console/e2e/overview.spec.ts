import { expect, pictures, test } from './support/test';
import { Server } from './support/server';

test('the overview tells how the keys stand, and which need somebody', async ({ console: page, server }) => {
  await page.goto(server.url);
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible();
  const expiring = page.getByRole('region', { name: 'Expiring soon' });
  await expect(expiring.getByRole('link').first()).toBeVisible();
  const traffic = page.getByRole('region', { name: 'Traffic' });
  await expect(traffic.getByRole('region', { name: 'Verifications by outcome' }).locator('.recharts-bar-rectangle').first()).toBeAttached();
  await expect(traffic.getByRole('region', { name: 'Used most' }).getByRole('link').first()).toBeVisible();
  await pictures(page, 'overview');
  await traffic.getByRole('button', { name: 'As a table' }).click();
  await expect(traffic.getByRole('row', { name: /^When/ })).toBeVisible();
  await page.getByRole('link', { name: /^Expired/ }).click();
  await expect(page).toHaveURL(/status=expired/);
});

test('who has no key yet is shown how to come by one', async ({ page }) => {
  const empty = await Server.start('empty');
  try {
    const [name = '', value = ''] = (await empty.firstPerson()).split('=');
    await page.context().addCookies([{ name, value, url: empty.url }]);
    await page.goto(empty.url);
    await expect(page.getByRole('heading', { name: 'Make your first key' })).toBeVisible();
    await pictures(page, 'overview-empty');
    await page.getByRole('link', { name: 'Create key' }).click();
    await expect(page.getByRole('heading', { name: 'Create an API key' })).toBeVisible();
  } finally {
    await empty.stop();
  }
});
