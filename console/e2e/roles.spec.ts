import { calm } from './support/calm';
import { expect, pictures, test } from './support/test';

test('a role is made with a preview of what it can and cannot do, changed, and deleted', async ({ console: page, server }) => {
  await page.goto(`${server.url}/roles`);
  await expect(page.getByRole('row', { name: 'administrator' })).toBeVisible();
  await pictures(page, 'roles');

  await page.getByRole('button', { name: 'Create role' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Order desk');
  await dialog.getByRole('checkbox', { name: /^See orders/ }).press('Space');
  await expect(dialog.getByRole('heading', { name: 'Can (1)' })).toBeVisible();
  await dialog.getByRole('checkbox', { name: /^All of orders/ }).press('Space');
  await expect(dialog.getByText('orders:* also takes in what is declared later.')).toBeVisible();
  await pictures(page, 'role-form', ['narrow', 'usual']);
  await dialog.getByRole('textbox', { name: 'Other patterns' }).fill('No:Pattern');
  await expect(dialog.getByText(/is no pattern/)).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Other patterns' }).fill('workflow.*:submit');
  await dialog.getByRole('button', { name: 'Create role' }).click();

  await expect(page.getByRole('heading', { name: 'Order desk' })).toBeVisible();
  await expect(page.getByText('Nobody holds this role.')).toBeVisible();
  await calm(page);
  await pictures(page, 'role', ['narrow', 'usual', 'wide']);

  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByRole('textbox', { name: 'Description' }).fill('Takes orders by telephone');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Takes orders by telephone').first()).toBeVisible();

  await page.getByRole('button', { name: 'Actions for Order desk' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('Order desk is deleted.')).toBeVisible();
});

test('the matrix shows which role grants what, wildcards as they were granted', async ({ console: page, server }) => {
  await page.goto(`${server.url}/roles?tab=matrix`);
  const row = page.getByRole('row', { name: /See orders/ });
  await expect(row.getByText('*', { exact: true }).first()).toBeVisible();
  await pictures(page, 'roles-matrix');
});

test('who may do something is listed with by what, and asking for somebody says why not', async ({ console: page, server }) => {
  await page.goto(`${server.url}/roles?tab=holders&permission=orders:view`);
  await expect(page.getByRole('link', { name: 'Ingrid Solberg' })).toBeVisible();
  await pictures(page, 'roles-holders', ['narrow', 'usual']);

  await page.goto(`${server.url}/roles?tab=explain`);
  await page.getByRole('combobox', { name: 'Who' }).fill('MediRoute');
  await page.getByRole('option', { name: 'MediRoute', exact: true }).filter({ hasText: 'Service account' }).click();
  await page.getByRole('textbox', { name: 'Needs' }).fill('fulfillment:view AND orders:create');
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(page.getByText('Missing: orders:create')).toBeVisible();
  await pictures(page, 'roles-explain', ['narrow', 'usual']);
});

test('a built-in role is not changed but duplicated', async ({ console: page, server }) => {
  await page.goto(`${server.url}/roles?q=auditor`);
  await page.getByRole('row', { name: 'auditor' }).click();
  await expect(page.getByText('Built-in roles cannot be changed.', { exact: false })).toBeVisible();
  await page.getByRole('button', { name: 'Duplicate' }).click();
  await expect(page.getByRole('textbox', { name: 'Name', exact: true })).toHaveValue('auditor (copy)');
});
