import { readFileSync } from 'node:fs';
import { expect, pictures, test } from './support/test';

test('the table of keys is searched, filtered and sorted, and its address says how', async ({ console: page, server }) => {
  await page.goto(`${server.url}/keys`);
  const rows = page.getByRole('row');
  await expect(rows.nth(1)).toBeVisible();
  await pictures(page, 'keys');

  await page.getByRole('searchbox', { name: 'Search keys' }).fill('gateway');
  await expect(page).toHaveURL(/q=gateway/);
  await expect(page.getByRole('status').filter({ hasText: /keys?$/ })).toBeVisible();

  await page.goto(`${server.url}/keys?status=expired`);
  await expect(page.getByText('16 keys')).toBeVisible();
  await page.getByRole('columnheader', { name: 'Name' }).click();
  await expect(page).toHaveURL(/sort=name/);

  await page.goto(`${server.url}/keys?q=nothing-is-called-that`);
  await expect(page.getByRole('heading', { name: 'No key matches' })).toBeVisible();
  await pictures(page, 'keys-nothing', ['narrow', 'usual']);
});

test('a key is disabled and enabled from its row, and several at once with their progress', async ({ console: page, server }) => {
  await page.goto(`${server.url}/keys?status=active&sort=name`);
  const row = page.getByRole('row').nth(1);
  await row.getByRole('button', { name: /^Actions for/ }).click();
  await pictures(page, 'keys-menu', ['usual']);
  await page.getByRole('menuitem', { name: 'Disable' }).click();
  await expect(page.getByText(/is disabled\. Requests with it are refused/)).toBeVisible();

  await page.goto(`${server.url}/keys?status=disabled&sort=name`);
  await expect(page.getByRole('row').nth(2)).toBeVisible();
  // As a person does: the box that is seen, which is the label.
  for (const at of [1, 2]) await page.getByRole('row').nth(at).locator('label').click();
  await expect(page.getByRole('row', { selected: true })).toHaveCount(2);
  await pictures(page, 'keys-selected', ['narrow', 'usual']);
  await page.getByRole('button', { name: 'Enable' }).click();
  await expect(page.getByText('9 keys')).toBeVisible();
});

test('a change of many keys tells which could not be changed, and why', async ({ console: page, server }) => {
  for (const more of [{}, { protected: true }]) await server.call('POST', '/v1/keys', { name: `Bulk sample ${JSON.stringify(more).length}`, permissions: ['orders:view'], expires_in: '90d', ...more });
  await page.goto(`${server.url}/keys?q=bulk+sample`);
  await expect(page.getByText('2 keys')).toBeVisible();
  await page.getByRole('columnheader').first().locator('label').click();
  await page.getByRole('button', { name: 'Extend…' }).click();
  await page.getByRole('button', { name: 'Extend', exact: true }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);

  await page.getByRole('columnheader').first().locator('label').click();
  await page.getByRole('button', { name: 'Revoke…' }).click();
  await page.getByRole('textbox', { name: /^Type/ }).fill('revoke');
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect(page.getByText('1 could not be changed:')).toBeVisible();
  await pictures(page, 'keys-bulk', ['usual']);
  await page.getByRole('button', { name: 'Close' }).last().click();
});

test('all keys are taken away as CSV, without their secrets', async ({ console: page, server }) => {
  await page.goto(`${server.url}/keys`);
  await page.getByRole('button', { name: 'Export' }).click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'All keys as CSV' }).click()]);
  const text = readFileSync(await file.path(), 'utf8');
  expect(text.split('\n')[0]).toContain('name');
  expect(text).not.toMatch(/sk_live_\w{20,}/);
});

test('what cannot be read says what to do', async ({ console: page, server, expectError }) => {
  expectError(/net::ERR_FAILED/);
  await page.route('**/v1/keys?*', (route) => route.abort());
  await page.goto(`${server.url}/keys`);
  await expect(page.getByRole('heading', { name: 'Claviger does not answer' })).toBeVisible({ timeout: 20_000 });
  await pictures(page, 'keys-error', ['narrow', 'usual']);
  await page.unroute('**/v1/keys?*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('row').nth(1)).toBeVisible();
});

test('the palette leads to pages and finds keys', async ({ console: page, server }) => {
  await page.goto(`${server.url}/keys`);
  await expect(page.getByRole('row').nth(1)).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.getByRole('searchbox', { name: 'Search and commands' }).fill('cold');
  await expect(page.getByRole('menuitem').first()).toBeVisible();
  await pictures(page, 'palette', ['narrow', 'usual']);
});

test('each key’s last fortnight is drawn in its row, and said in words', async ({ console: page, server }) => {
  await page.goto(`${server.url}/keys?sort=-last_used_at`);
  const cell = page.getByRole('row').nth(1).getByText(/\d let in, [\d,]+ refused/);
  await expect(cell).toBeAttached();
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Last 14 days' }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByText(/\d let in, [\d,]+ refused/)).toHaveCount(0);
});
