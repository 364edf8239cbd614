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

test('beside each key that needs somebody stands what helps, and the rest is listed', async ({ console: page, server }) => {
  const { id } = await server.call<{ id: string }>('POST', '/v1/keys', { name: 'Endless sample', permissions: ['orders:view'] });
  await page.goto(server.url);
  const endless = page.getByRole('region', { name: 'Without an end' });
  await endless.scrollIntoViewIfNeeded();
  await pictures(page, 'overview-attention', ['usual', 'narrow']);
  await endless.getByRole('button', { name: 'End in 90 days: Endless sample' }).click();
  await expect(page.getByText('Endless sample ends in 90 days.')).toBeVisible();
  await expect(endless.getByText('Endless sample')).toHaveCount(0);
  const { expires_at } = await server.call<{ expires_at: string | null }>('GET', `/v1/keys/${id}`);
  expect(expires_at).not.toBeNull();
  await endless.getByRole('link', { name: /^See all/ }).click();
  await expect(page).toHaveURL(/finding=no_expiry/);
  await expect(page.getByText('Needs attention: no_expiry')).toBeVisible();
  await expect(page.getByRole('row').nth(1)).toBeVisible();
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
