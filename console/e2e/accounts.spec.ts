import { calm } from './support/calm';
import { expect, pictures, test } from './support/test';

const csv = (lines: string[]) => ({ name: 'accounts.csv', mimeType: 'text/csv', buffer: Buffer.from(`${lines.join('\n')}\n`) });

test('service accounts are searched and filtered by partner, status and role, and the address says how', async ({ console: page, server }) => {
  await page.goto(`${server.url}/service-accounts`);
  await expect(page.getByRole('row', { name: 'ColdTrace' })).toBeVisible();
  await pictures(page, 'accounts');

  await page.getByRole('button', { name: /^Any partner/ }).click();
  await page.getByRole('option', { name: 'VaxLink' }).click();
  await expect(page).toHaveURL(/partner=VaxLink/);
  await expect(page.getByText('1 account', { exact: true })).toBeVisible();

  await page.goto(`${server.url}/service-accounts?status=inactive`);
  await expect(page.getByText('1 account', { exact: true })).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search service accounts' }).fill('nobody-is-called-that');
  await expect(page.getByRole('heading', { name: 'No service account matches' })).toBeVisible();
  await pictures(page, 'accounts-nothing', ['narrow', 'usual']);
});

test('a service account is made, edited, stopped, started, given to another and deleted', async ({ console: page, server }) => {
  await page.goto(`${server.url}/service-accounts`);
  await page.getByRole('button', { name: 'Create service account' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Harbour scales');
  await expect(dialog.getByRole('textbox', { name: 'Username' })).toHaveValue('harbour-scales');
  await dialog.getByRole('textbox', { name: 'Partner' }).fill('Sample Harbour');
  await dialog.getByRole('textbox', { name: 'Username' }).fill('not a name');
  await dialog.getByRole('button', { name: 'Add a limit' }).click();
  await dialog.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(dialog.getByText(/only the ASCII letters/i)).toBeVisible();
  await pictures(page, 'account-form', ['narrow', 'usual']);
  await dialog.getByRole('textbox', { name: 'Username' }).fill('harbour-scales');
  await dialog.getByRole('button', { name: 'Create', exact: true }).click();

  await expect(page.getByRole('heading', { name: 'Harbour scales' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Create key' })).toHaveAttribute('href', /\/keys\/new\?owner=acct_/);
  await expect(page.getByText('Nobody answers for this account')).toBeVisible();
  await calm(page);
  await pictures(page, 'account-new', ['narrow', 'usual']);

  await page.getByRole('button', { name: 'Actions for Harbour scales' }).click();
  await page.getByRole('menuitem', { name: 'Reassign…' }).click();
  await page.getByRole('combobox', { name: 'Owner' }).fill('Ingrid');
  await page.getByRole('option', { name: /Ingrid Solberg/ }).click();
  await page.getByRole('button', { name: 'Reassign', exact: true }).click();
  await expect(page.getByRole('link', { name: 'Ingrid Solberg' })).toBeVisible();

  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByRole('textbox', { name: 'Purpose' }).fill('Weighs what is loaded');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Weighs what is loaded')).toBeVisible();

  await page.getByRole('button', { name: 'Actions for Harbour scales' }).click();
  await page.getByRole('menuitem', { name: 'Deactivate…' }).click();
  await pictures(page, 'account-deactivate', ['usual']);
  await page.getByRole('button', { name: 'Deactivate', exact: true }).click();
  await expect(page.getByText('Inactive', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Activate', exact: true }).click();
  await expect(page.getByText('Active', { exact: true })).toBeVisible();

  await page.getByRole('tab', { name: 'History' }).click();
  await expect(page.getByText('account.deactivate')).toBeVisible();
  await expect(page.getByText('Weighs what is loaded').last()).toBeVisible();
  await calm(page);
  await pictures(page, 'account-history', ['narrow', 'usual']);

  await page.getByRole('button', { name: 'Actions for Harbour scales' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('textbox', { name: /harbour-scales/ }).fill('harbour-scales');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText(/Harbour scales is deleted/)).toBeVisible();
});

test('the page of an account shows its keys, usage against limits and recent requests', async ({ console: page, server }) => {
  await page.goto(`${server.url}/service-accounts?q=coldtrace`);
  await page.getByRole('row', { name: 'ColdTrace' }).click();
  await expect(page.getByRole('heading', { name: 'Keys (2)' })).toBeVisible();
  await pictures(page, 'account');
  await page.getByRole('tab', { name: 'Usage' }).click();
  await expect(page.getByRole('heading', { name: 'Against its limits' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Verifications by outcome' }).locator('.recharts-bar-rectangle').first()).toBeAttached();
  await pictures(page, 'account-usage', ['narrow', 'usual']);
  await page.getByRole('tab', { name: 'Requests' }).click();
  await expect(page.getByRole('row').nth(1)).toBeVisible();
  await pictures(page, 'account-requests', ['narrow', 'usual']);
});

test('a file of service accounts is checked first, its faults named by line, and then imported whole', async ({ console: page, server }) => {
  await page.goto(`${server.url}/service-accounts`);
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  const file = page.locator('input[type=file]');
  await file.setInputFiles(csv(['name,username,roles', 'Crane,crane 1,', 'Gate,gate-1,nobody-knows-it']));
  await expect(page.getByText('2 faults: nothing is made before the file is right.')).toBeVisible();
  await expect(page.getByText(/Line 3, roles/)).toBeVisible();
  await pictures(page, 'accounts-import-faults', ['narrow', 'usual']);
  await file.setInputFiles(csv(['name,username,roles', 'Crane,crane-1,viewer', 'Gate,gate-1,']));
  await expect(page.getByText('2 accounts can be made. Nothing was changed yet.')).toBeVisible();
  await page.getByRole('button', { name: 'Import 2' }).click();
  await expect(page.getByText('2 accounts made.')).toBeVisible();
  await expect(page.getByRole('row', { name: 'Crane' })).toBeVisible();
});

test('an account that is not there, and a list that cannot be read, say so', async ({ console: page, server }) => {
  await page.goto(`${server.url}/service-accounts/acct_01kyhctvm0e009bvzkmngwzgk0`);
  await expect(page.getByRole('alert')).toBeVisible();
  await pictures(page, 'account-missing', ['narrow', 'usual']);
});
