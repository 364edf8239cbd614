import { expect, pictures, test } from './support/test';

test('people are listed, searched and filtered', async ({ console: page, server }) => {
  await page.goto(`${server.url}/people`);
  await expect(page.getByRole('row', { name: /Ingrid Solberg/ })).toBeVisible();
  await pictures(page, 'people');
  await page.goto(`${server.url}/people?status=disabled`);
  await expect(page.getByText('1 person', { exact: true })).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search people' }).fill('nobody-is-called-that');
  await expect(page.getByRole('heading', { name: 'Nobody matches' })).toBeVisible();
});

test('somebody is invited by a link that is shown once, disabled, and removed', async ({ console: page, server }) => {
  await page.goto(`${server.url}/people`);
  await page.getByRole('button', { name: 'Invite', exact: true }).click();
  await page.getByRole('textbox', { name: 'Email' }).fill('robin@sample.example');
  await page.getByRole('textbox', { name: 'Name' }).fill('Robin Sample');
  await pictures(page, 'person-invite', ['narrow', 'usual']);
  await page.getByRole('dialog').getByRole('button', { name: 'Invite', exact: true }).click();
  await expect(page.getByText(/\/invitations\/invite_/)).toBeVisible();
  await expect(page.getByText('This server sends no mail.', { exact: false })).toBeVisible();
  await pictures(page, 'person-link', ['narrow', 'usual']);
  await page.getByRole('button', { name: 'I have passed it on' }).click();
  await expect(page.getByText(/\/invitations\/invite_/)).toHaveCount(0);

  await page.getByRole('row', { name: /Robin Sample/ }).click();
  await expect(page.getByRole('heading', { name: 'Robin Sample' })).toBeVisible();
  await expect(page.getByText('Invited', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Actions for Robin Sample' }).click();
  await page.getByRole('menuitem', { name: 'Invite again…' }).click();
  await expect(page.getByRole('heading', { name: 'Another link for Robin Sample' })).toBeVisible();
  await page.getByRole('button', { name: 'I have passed it on' }).click();

  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByRole('button', { name: /^No roles/ }).click();
  // Of a long list only what is seen is there: by its first letters, as a person finds it.
  await page.keyboard.type('viewer');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('link', { name: 'viewer' })).toBeVisible();

  await page.getByRole('button', { name: 'Actions for Robin Sample' }).click();
  await page.getByRole('menuitem', { name: 'Disable…' }).click();
  await page.getByRole('button', { name: 'Disable', exact: true }).click();
  await expect(page.getByText('Disabled', { exact: true })).toBeVisible();

  await page.getByRole('button', { name: 'Actions for Robin Sample' }).click();
  await page.getByRole('menuitem', { name: 'Remove…' }).click();
  await page.getByRole('textbox', { name: /robin@sample.example/ }).fill('robin@sample.example');
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(page.getByText('Robin Sample is removed.')).toBeVisible();
});

test('the page of somebody shows their sessions, what they own and may do; all they own is handed over', async ({ console: page, server }) => {
  await page.goto(`${server.url}/people?q=tom`);
  await page.getByRole('row', { name: /Herrera/ }).click();
  await expect(page.getByRole('link', { name: 'ColdTrace', exact: true })).toBeVisible();
  await expect(page.getByText('Not signed in anywhere.')).toBeVisible();
  await pictures(page, 'person');
  await page.getByRole('button', { name: /^Actions for Tom/ }).click();
  await page.getByRole('menuitem', { name: 'Hand over…' }).click();
  await page.getByRole('combobox', { name: 'To' }).fill('Ada');
  await page.getByRole('option', { name: /Ada Sample/ }).click();
  await page.getByRole('button', { name: 'Hand over', exact: true }).click();
  await expect(page.getByText(/have another owner\./)).toBeVisible();
  await expect(page.getByRole('link', { name: 'ColdTrace', exact: true })).toHaveCount(0);

  await page.getByRole('button', { name: /^Actions for Tom/ }).click();
  await page.getByRole('menuitem', { name: 'Recover…' }).click();
  await page.getByRole('button', { name: 'Make the link' }).click();
  await expect(page.getByText(/\/invitations\/recover_|\/invitations\//)).toBeVisible();
});
