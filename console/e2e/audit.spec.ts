import { readFileSync } from 'node:fs';
import { expect, pictures, test } from './support/test';

test('the audit log is filtered by action, time and thing, and its address says how', async ({ console: page, server }) => {
  await page.goto(`${server.url}/audit`);
  await expect(page.getByRole('row').nth(1)).toBeVisible();
  await pictures(page, 'audit');

  await page.goto(`${server.url}/audit?action=key.rotate`);
  await expect(page.getByRole('row').nth(1)).toContainText('Key rotated');
  await expect(page.getByRole('row').filter({ hasText: 'Key created' })).toHaveCount(0);

  await page.getByRole('button', { name: /^Time/ }).or(page.getByRole('button', { name: /All time/ })).first().click();
  await page.getByRole('option', { name: 'Last hour' }).click();
  await expect(page).toHaveURL(/range=1h/);
  await expect(page.getByRole('heading', { name: 'No record matches' })).toBeVisible();
  await pictures(page, 'audit-nothing', ['narrow', 'usual']);
  await page.getByRole('button', { name: 'Clear filters' }).first().click();
  await expect(page.getByRole('row').nth(1)).toBeVisible();
});

test('a record tells its difference by field, its request, and leads to the thing', async ({ console: page, server }) => {
  const made = await server.call<{ id: string }>('POST', '/v1/keys', { name: 'Audited sample', tags: ['one', 'two'] });
  await server.call('PATCH', `/v1/keys/${made.id}`, { name: 'Audited sample, renamed', tags: ['two', 'three'] });
  await page.goto(`${server.url}/audit?target=${made.id}`);
  await page.getByRole('row').filter({ hasText: 'Key edited' }).getByRole('rowheader').click();
  const dialog = page.getByRole('dialog');
  const name = dialog.getByRole('row', { name: /^name/ });
  await expect(name).toContainText('Audited sample');
  await expect(name).toContainText('Audited sample, renamed');
  await expect(dialog.getByRole('row', { name: /^tags/ })).toContainText('removed one');
  await expect(dialog.getByRole('row', { name: /^tags/ })).toContainText('added three');
  await expect(dialog.getByText(/^req_/)).toBeVisible();
  await expect(dialog.getByText('127.0.0.1')).toBeVisible();
  await pictures(page, 'audit-record', ['narrow', 'usual']);
  await dialog.getByRole('button', { name: 'Older' }).click();
  await expect(page.getByRole('dialog').getByRole('heading', { name: 'Key created' })).toBeVisible();
});

test('the chain is verified with the result in words', async ({ console: page, server }) => {
  await page.goto(`${server.url}/audit`);
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByRole('heading', { name: 'The log is whole' })).toBeVisible();
  await pictures(page, 'audit-verified', ['narrow', 'usual']);
});

test('what is shown is exported, as CSV and NDJSON', async ({ console: page, server }) => {
  await page.goto(`${server.url}/audit?action=key.rotate`);
  await expect(page.getByRole('row').nth(1)).toBeVisible();
  for (const [name, file] of [['CSV', 'claviger-audit.csv'], ['NDJSON', 'claviger-audit.ndjson']] as const) {
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('menuitem', { name: `These records as ${name}` }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe(file);
    const text = readFileSync(await download.path(), 'utf8');
    expect(text).toContain('key.rotate');
    expect(text).not.toContain('key.create');
  }
});

test('a log that cannot be read says what to do', async ({ console: page, server, expectError }) => {
  expectError(/net::ERR_FAILED/);
  await page.route('**/v1/audit?*', (route) => route.abort());
  await page.goto(`${server.url}/audit`);
  await expect(page.getByRole('heading', { name: 'Claviger does not answer' })).toBeVisible({ timeout: 20_000 });
  await pictures(page, 'audit-error', ['usual']);
});
