import { expect, pictures, test } from './support/test';

test('an operator makes an organisation, limits, suspends, resumes and closes it', async ({ console: page, server }) => {
  await page.goto(`${server.url}/organisations`);
  await expect(page.getByRole('row', { name: /Northwind Sample Ltd/ })).toBeVisible();
  await page.getByRole('button', { name: 'Create organisation' }).first().click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Harbour Sample');
  await page.getByRole('button', { name: /^Default/ }).click();
  await pictures(page, 'organisation-form', ['usual']);
  await page.getByRole('option', { name: /^OpenLMIS/ }).click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Harbour Sample is there' })).toBeVisible();
  await page.getByRole('button', { name: 'Later' }).click();
  const row = page.getByRole('row', { name: /Harbour Sample/ });
  await expect(row).toContainText('harbour-sample');
  await pictures(page, 'organisations');

  const act = async (name: string) => {
    await page.getByRole('button', { name: /^Actions for Harbour/ }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  await act('Edit');
  await page.getByRole('textbox', { name: 'Name' }).first().fill('Harbour Sample Ltd');
  await page.getByRole('button', { name: 'Add a limit' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('requests: 100 in 1m');
  await act('Suspend…');
  await page.getByRole('button', { name: 'Suspend', exact: true }).click();
  await expect(row.getByText('Suspended')).toBeVisible();
  await act('Resume');
  await expect(row.getByText('Active')).toBeVisible();
  await act('Close…');
  await page.getByRole('textbox', { name: /harbour-sample/ }).fill('harbour');
  await expect(page.getByRole('button', { name: 'Close for good' })).toBeDisabled();
  await page.getByRole('textbox', { name: /harbour-sample/ }).fill('harbour-sample');
  await page.getByRole('button', { name: 'Close for good' }).click();
  await expect(row.getByText('Closed')).toBeVisible();
});
