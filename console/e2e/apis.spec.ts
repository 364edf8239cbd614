import { expect, pictures, test } from './support/test';

test('an API is described with permissions and routes, faults stand at their row, and it is deleted', async ({ console: page, server }) => {
  await page.goto(`${server.url}/apis`);
  await expect(page.getByRole('row', { name: /Cold chain/ })).toBeVisible();
  await pictures(page, 'apis');
  await page.getByRole('link', { name: 'Describe an API' }).first().click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Cranes');
  await expect(page.getByRole('textbox', { name: 'Slug' })).toHaveValue('cranes');
  await page.getByRole('textbox', { name: 'Permission', exact: true }).fill('cranes:view');
  await page.getByRole('textbox', { name: 'Lets somebody' }).fill('See where cranes stand');
  await page.getByRole('button', { name: 'Add a route' }).click();
  await page.getByRole('textbox', { name: 'Path' }).fill('/cranes/{id}');
  await page.getByRole('textbox', { name: 'Needs' }).fill('cranes:view AND');
  await page.getByRole('button', { name: 'Describe API' }).click();
  await expect(page.getByRole('textbox', { name: 'Needs' })).toHaveAttribute('aria-invalid', 'true');
  await pictures(page, 'api-form', ['narrow', 'usual']);
  await page.getByRole('textbox', { name: 'Needs' }).fill('cranes:view');
  await page.getByRole('button', { name: 'Describe API' }).click();
  await expect(page.getByRole('heading', { name: 'Cranes', exact: true })).toBeVisible();
  await expect(page.getByText('/cranes/{id}')).toBeVisible();

  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  await page.getByRole('textbox', { name: 'Description' }).fill('What stands in the harbour');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('What stands in the harbour')).toBeVisible();

  await page.getByRole('button', { name: 'Actions for Cranes' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('textbox', { name: /cranes/ }).fill('cranes');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('Cranes is deleted.')).toBeVisible();
});

test('each gateway’s configuration names the API and is copied', async ({ console: page, server, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${server.url}/apis?q=orders`);
  await page.getByRole('row', { name: /Orders/ }).click();
  await expect(page.getByText('/orders/{id}').first()).toBeVisible();
  await pictures(page, 'api');
  await page.getByRole('tab', { name: 'Usage' }).click();
  await expect(page.getByRole('region', { name: 'Verifications by outcome' }).or(page.getByRole('heading', { name: 'No verification in this time' }))).toBeVisible();
  await page.getByRole('tab', { name: 'Overview' }).click();
  await page.getByRole('tab', { name: 'Gateways' }).click();
  await expect(page.getByText('verify/nginx?api=orders')).toBeVisible();
  await pictures(page, 'api-gateways', ['narrow', 'usual']);
  await page.getByRole('radio', { name: 'Caddy' }).press('Space');
  await page.getByRole('button', { name: 'Copy Configuration for Caddy' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('uri /verify/caddy?api=orders');
});
