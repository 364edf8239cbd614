import { expect, pictures, test } from './support/test';

const setting = (path: string) => `[data-setting="${path}"]`;

test('every setting is shown with what it means, and impossible combinations are told at their fields', async ({ console: page, server }) => {
  await page.goto(`${server.url}/policy`);
  await expect(page.locator(setting('retention.audit'))).toContainText('For ever');
  await pictures(page, 'policy');
  await page.getByRole('button', { name: 'Edit policy' }).click();
  const reveal = page.locator(setting('secret.reveal'));
  await reveal.getByRole('button').click();
  await page.getByRole('option', { name: 'Again, by who may' }).click();
  await expect(reveal).toContainText('needs sealed storage');
  await expect(page.getByRole('button', { name: 'Review changes' })).toBeDisabled();
  await reveal.scrollIntoViewIfNeeded();
  await pictures(page, 'policy-fault', ['narrow', 'usual']);
  await page.getByRole('button', { name: 'Discard' }).click();
  await expect(reveal).toContainText('Once, when it is made');
});

test('a tightening shows which keys it touches before it is confirmed, and a version is restored', async ({ console: page, server }) => {
  await page.goto(`${server.url}/policy`);
  await page.getByRole('button', { name: 'Edit policy' }).click();
  await page.locator(setting('expiry.max')).getByRole('textbox').fill('90d');
  await page.getByRole('button', { name: 'Review changes' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText(/^\d+ keys$/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Show the first of them' }).click();
  await expect(dialog.getByText(/^and \d+ more$/)).toBeVisible();
  await pictures(page, 'policy-preview', ['narrow', 'usual']);
  await dialog.getByRole('button', { name: 'Confirm and change' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.locator(setting('expiry.max'))).toContainText('90 days');
  await expect(page.locator(setting('expiry.max'))).toContainText('Default: No limit');
  await pictures(page, 'policy-differs', ['usual']);

  await page.getByRole('tab', { name: 'History' }).click();
  await expect(page.getByText('Version 2')).toBeVisible();
  await expect(page.getByText('Ada Sample').first()).toBeVisible();
  await pictures(page, 'policy-history', ['narrow', 'usual']);
  await page.getByRole('button', { name: 'Restore… Version 1' }).click();
  await expect(page.getByRole('dialog').getByText('Longest life')).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click();
  await expect(page.getByText('Version 3')).toBeVisible();
  await expect.poll(async () => (await server.call<{ expiry: { max: string | null } }>('GET', '/v1/policy')).expiry.max).toBeNull();
});

test('a preset tells the reason for each setting, and is applied after its effect was shown', async ({ console: page, server }) => {
  await page.goto(`${server.url}/policy?tab=presets`);
  await expect(page.getByRole('button', { name: /OSPROV/ })).toBeVisible();
  await pictures(page, 'policy-presets', ['narrow', 'usual', 'wide']);
  await page.getByRole('button', { name: /OmniCRM/ }).click();
  await expect(page).toHaveURL(/preset=omnicrm/);
  await expect(page.getByRole('button', { name: 'Apply this preset…' })).toBeVisible();
  await pictures(page, 'policy-preset', ['narrow', 'usual']);
  await page.getByRole('button', { name: 'Apply this preset…' }).click();
  await expect(page.getByRole('dialog').getByRole('heading', { name: 'What it touches' })).toBeVisible();
  await pictures(page, 'policy-apply', ['usual']);
  await page.getByRole('dialog').getByRole('button', { name: 'Apply preset' }).click();
  await expect(page.getByText('Your policy is exactly like this.')).toBeVisible();
});
