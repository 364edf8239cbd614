import { expect, pictures, test } from './support/test';
import type { Server } from './support/server';

interface Made {
  id: string;
  name: string;
  secret: string;
}

/** A key with a secret of its own, made by the API. */
async function make(server: Server, name: string, more: object = {}): Promise<Made> {
  return server.call<Made>('POST', '/v1/keys', { name, permissions: ['orders:view'], expires_in: '90d', ...more });
}

/** The key of the demo that is used most. */
async function busiest(server: Server): Promise<Made> {
  const { items } = await server.call<{ items: Made[] }>('GET', '/v1/keys?status=active&sort=-last_used_at&limit=1');
  if (!items[0]) throw new Error('the demo has no keys');
  return items[0];
}

test('a key’s page tells what it is, what it may do and why, how it is used, and what was done with it', async ({ console: page, server }) => {
  const { id, name } = await busiest(server);
  await page.goto(`${server.url}/keys/${id}`);
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
  await expect(page.getByRole('region', { name: 'What it may do' }).getByText('Granted to the key itself').first()).toBeVisible();
  await pictures(page, 'key-facts');

  await page.getByRole('tab', { name: 'Usage' }).click();
  await expect(page).toHaveURL(/tab=usage/);
  await expect(page.getByRole('region', { name: 'Verifications by outcome' }).locator('.recharts-bar-rectangle').first()).toBeAttached();
  await pictures(page, 'key-usage');
  await page.getByRole('button', { name: 'As a table' }).click();
  await expect(page.getByRole('columnheader', { name: 'Let in' })).toBeVisible();

  await page.getByRole('tab', { name: 'Requests' }).click();
  await expect(page.getByRole('cell', { name: /Let in/ }).first()).toBeVisible();
  await pictures(page, 'key-requests', ['usual']);

  await page.getByRole('tab', { name: 'History' }).click();
  await expect(page.getByRole('list', { name: 'History' }).getByText('created it')).toBeVisible();
  await pictures(page, 'key-history', ['narrow', 'usual']);
});

test('a key is left what it has needed by one press', async ({ console: page, server }) => {
  const { id, secret } = await make(server, 'Right-sized sample', { permissions: ['orders:*', 'cce:view'] });
  const answer = await server.call<{ valid: boolean }>('POST', '/v1/verify', { key: secret, permissions: 'orders:view' });
  expect(answer.valid).toBe(true);
  await page.goto(`${server.url}/keys/${id}`);
  const needed = page.getByRole('region', { name: 'What it has needed' });
  // The journal is read each second.
  await expect(async () => {
    await page.reload();
    await expect(needed.getByText('Not needed')).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await expect(page.getByText('It keeps orders:view')).toBeVisible();
  await pictures(page, 'key-needed', ['narrow', 'usual']);
  const leave = page.getByRole('button', { name: 'Leave it what it needs' });
  await leave.click();
  await expect(page.getByText('Right-sized sample may do what it has needed, and no more.')).toBeVisible();
  await expect(page.getByRole('region', { name: 'What it may do' }).getByText('orders:view')).toBeVisible();
  await expect(leave).toHaveCount(0);
});

test('a key is edited, and not over the head of somebody else', async ({ console: page, server }) => {
  const { id } = await make(server, 'Sample contract archive');
  await page.goto(`${server.url}/keys/${id}`);
  await page.getByRole('link', { name: 'Edit' }).click();
  const description = page.getByRole('textbox', { name: 'Description' });
  await description.fill('Keeps contracts, nightly');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.getByText('Keeps contracts, nightly')).toBeVisible();

  await page.getByRole('link', { name: 'Edit' }).click();
  await description.fill('Mine');
  await server.call('PATCH', `/v1/keys/${id}`, { description: 'Of somebody else' });
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.getByText('Somebody changed it meanwhile')).toBeVisible();
  await expect(description).toHaveValue('Mine');
});

test('a key is rotated with grace, and its page says how long the old secret works', async ({ console: page, server }) => {
  const { id, name } = await make(server, 'Sample stock robot');
  await page.goto(`${server.url}/keys/${id}`);
  await page.getByRole('button', { name: 'Rotate…' }).click();
  await page.locator('label', { hasText: 'One day' }).click();
  await pictures(page, 'key-rotate', ['usual']);
  await page.getByRole('button', { name: 'Rotate', exact: true }).click();
  await expect(page.getByRole('heading', { name: `The new secret of “${name}”` })).toBeVisible();
  await page.locator('label', { hasText: 'I have stored it' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { name: 'The old secret still works' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Secrets' }).last().getByText('Retiring')).toBeVisible();
});

test('what is unlike a key is told on its page with its evidence and what helps, until somebody knows it', async ({ console: page, server }) => {
  await page.goto(`${server.url}/keys?finding=unusual`);
  await page.getByRole('row', { name: /Billing Sync - QuickBooks/ }).click();
  await expect(page.getByText(/^Used from 198\.51\.100\.0\/24, .* before that from one other network alone\.$/)).toBeVisible();
  await expect(page.getByText(/^If nobody moved the program, rotate the key\./)).toBeVisible();
  await pictures(page, 'key-unusual');
  await page.getByRole('button', { name: 'It is known' }).click();
  await expect(page.getByText('What was unusual about Billing Sync - QuickBooks is known.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Unusual use' })).toBeHidden();
  await page.getByRole('tab', { name: 'History' }).click();
  await expect(page.getByText('looked at what was unusual')).toBeVisible();
});

test('a protected key cannot be revoked; unprotected it can, with a reason; and it is deleted by its typed name', async ({ console: page, server }) => {
  const { id, name } = await make(server, 'Sample old importer', { protected: true });
  await page.goto(`${server.url}/keys/${id}`);
  const menu = page.getByRole('button', { name: `Actions for ${name}` });
  const choose = async (item: string) => {
    await menu.click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Revoke…');
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect(page.getByText('Take the protection off first.')).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await choose('Take protection off');
  await expect(page.getByText(`${name} is no longer protected.`)).toBeVisible();
  await choose('Revoke…');
  await page.getByRole('textbox', { name: /^Why/ }).fill('The sample is over');
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect(page.getByText('The sample is over').first()).toBeVisible();

  await choose('Delete…');
  await expect(page.getByText('It stays in the history')).toBeVisible();
  const remove = page.getByRole('button', { name: 'Delete', exact: true });
  await expect(remove).toBeDisabled();
  await page.getByRole('textbox', { name: /^Type/ }).fill(name);
  await pictures(page, 'key-delete', ['usual']);
  await remove.click();
  await expect(page.getByText(`${name} is deleted.`)).toBeVisible();
});

test('what is used of a quota is given back', async ({ console: page, server }) => {
  const { id, name } = await make(server, 'Sample metered client', { quota: { limit: 100, per: 'month' } });
  await server.call('POST', `/v1/keys/${id}/quota`, { used: 40 });
  await page.goto(`${server.url}/keys/${id}`);
  await expect(page.getByText('40 of 100 used')).toBeVisible();
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Adjust quota…' }).click();
  await page.getByRole('button', { name: 'Adjust', exact: true }).click();
  await expect(page.getByText('0 of 100 used', { exact: true })).toBeVisible();
});

test('where the policy erases, the dialog says so, and the key is gone', async ({ console: page, server }) => {
  const { id, name } = await make(server, 'Sample short lived');
  await server.changePolicy({ deletion: 'erase' });
  await page.goto(`${server.url}/keys/${id}`);
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await expect(page.getByText('erased for good')).toBeVisible();
  await page.getByRole('textbox', { name: /^Type/ }).fill(name);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page).toHaveURL(/\/keys$/);
  await server.changePolicy({ deletion: 'deactivate' });
});

test('where the policy keeps secrets, one is shown again, and that is written down', async ({ console: page, server }) => {
  await server.changePolicy({ secret: { storage: 'encrypted', reveal: 'on_demand' } });
  const { id, name, secret } = await make(server, 'Sample kept secret');
  await page.goto(`${server.url}/keys/${id}`);
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Show secret…' }).click();
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(page.getByTestId('secret')).toHaveText(secret);
  await page.locator('label', { hasText: 'I have stored it' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('tab', { name: 'History' }).click();
  await expect(page.getByText('looked at its secret')).toBeVisible();
  expect(await page.content()).not.toContain(secret);
  await server.changePolicy({ secret: { storage: 'hashed', reveal: 'once' } });
});

test('a key that is not there says so', async ({ console: page, server }) => {
  await page.goto(`${server.url}/keys/key_01k1qhwaswfn78ypkbfj6sw3rt`);
  await expect(page.getByRole('alert')).toBeVisible();
  await pictures(page, 'key-missing', ['usual']);
});
