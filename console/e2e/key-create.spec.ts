import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, pictures, test } from './support/test';

test('a key is made, its secret is shown once, its curl line works when pasted, and then it is gone from everywhere', async ({ console: page, server, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${server.url}/keys/new`);
  const name = page.getByRole('textbox', { name: 'Name', exact: true });
  await name.fill('test');
  await expect(page.getByText('In a year nobody will know')).toBeVisible();
  await name.fill('Billing sample export');
  await page.getByRole('searchbox', { name: 'Find a permission' }).fill('orders');
  await page.locator('label', { hasText: 'orders:view' }).click();
  const preview = page.getByRole('region', { name: 'What this key will be let do' });
  await expect(preview.getByText('See orders')).toBeVisible();
  await pictures(page, 'key-new');
  await page.locator('label', { hasText: 'Never' }).click();
  await expect(page.getByText('A key that never ends is forgotten first')).toBeVisible();
  await page.locator('label', { hasText: 'In 180 days' }).click();
  await page.getByRole('button', { name: 'Create key' }).click();

  await expect(page.getByRole('heading', { name: 'The secret of “Billing sample export”' })).toBeVisible();
  const secret = await page.getByTestId('secret').innerText();
  expect(secret).toMatch(/^sk_live_/);
  await pictures(page, 'key-secret');

  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Done' })).toBeDisabled();
  await page.getByRole('button', { name: 'Copy Secret' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Secret copied to the clipboard' })).toHaveCount(1);
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);

  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download .env' }).click()]);
  expect(readFileSync(await file.path(), 'utf8')).toBe(`BILLING_SAMPLE_EXPORT_API_KEY=${secret}\n`);

  await page.getByRole('button', { name: 'Copy curl command' }).click();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  const told = JSON.parse((await promisify(execFile)('sh', ['-c', command], { timeout: 20_000 })).stdout) as { name: string };
  expect(told).toMatchObject({ name: 'Billing sample export' });

  await page.locator('label', { hasText: 'I have stored it' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { name: 'Billing sample export' })).toBeVisible();
  expect(page.url()).not.toContain(secret);
  const left = await page.evaluate(() => `${document.documentElement.outerHTML}${JSON.stringify({ ...localStorage })}${JSON.stringify({ ...sessionStorage })}${JSON.stringify(history.state)}`);
  expect(left).not.toContain(secret);
});

test('what was wrong stands beside its field, and nothing that was typed is lost', async ({ console: page, server }) => {
  await page.goto(`${server.url}/keys/new`);
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Shipment sample relay');
  await page.getByRole('textbox', { name: 'Metadata' }).fill('[1, 2]');
  await page.getByRole('textbox', { name: 'Allowed networks' }).fill('nowhere at all');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByText('This is not a JSON object.')).toBeVisible();
  await page.getByRole('textbox', { name: 'Metadata' }).fill('{"team": "sample"}');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByText(/network/i).filter({ hasText: /nowhere|address|CIDR|expected/i }).first()).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Name', exact: true })).toHaveValue('Shipment sample relay');
  await pictures(page, 'key-new-wrong', ['usual']);
});
