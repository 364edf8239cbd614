import { readFileSync } from 'node:fs';
import { as, password, signIn, somebody } from './support/people';
import { expect, pictures, test } from './support/test';
import { totp } from './support/totp';

test('my account says who I am, where I am signed in, and ends sessions', async ({ visitor: page, context, server, cookie }) => {
  expect(cookie).toBeTruthy();
  const mine = await somebody(server, 'Sam Sample', ['administrator']);
  await signIn(server, mine.email);
  await signIn(server, mine.email);
  await as(context, server, mine.cookie);
  await page.goto(`${server.url}/account`);
  const sessions = page.getByRole('list', { name: 'Where you are signed in' }).getByRole('listitem');
  await expect(sessions).toHaveCount(3);
  await expect(page.getByText(/^claviger:/).first()).toBeVisible();
  await pictures(page, 'account');
  await page.getByRole('button', { name: 'Sign out Firefox on Windows' }).first().click();
  await expect(sessions).toHaveCount(2);
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect(sessions).toHaveCount(1);

  await page.getByRole('textbox', { name: 'Name' }).fill('Sam of Samples');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Your name is saved.')).toBeVisible();
  await page.getByRole('radio', { name: 'Dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-color-scheme', 'dark');
});

test('a second factor is set up by its picture, its recovery codes are shown once, and a password is changed', async ({ visitor: page, context, server, cookie }) => {
  expect(cookie).toBeTruthy();
  const mine = await somebody(server, 'Tess Sample', ['viewer']);
  await as(context, server, mine.cookie);
  await page.goto(`${server.url}/account`);
  await page.getByRole('button', { name: 'Turn on…' }).click();
  await expect(page.getByRole('img', { name: /QR code/ })).toBeVisible();
  await pictures(page, 'account-factor', ['narrow', 'usual']);
  const secret = await page.getByRole('dialog').locator('code').textContent();
  await page.getByRole('textbox', { name: 'Six-digit code' }).fill(totp(secret ?? ''));
  const codes = page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem');
  await expect(codes).toHaveCount(10);
  const [first] = await codes.allTextContents();
  await pictures(page, 'account-codes', ['usual']);
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  expect(readFileSync(await (await coming).path(), 'utf8')).toContain(first);
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Close' })).toBeDisabled();
  await page.getByText('I have stored them').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await expect(page.getByText('10 of your recovery codes are left')).toBeVisible();
  expect(await page.content()).not.toContain(first);

  await page.getByRole('button', { name: 'Change password…' }).click();
  await page.getByLabel('Password so far').fill('certainly not the one');
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill('quite other sample words in a line');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('This is not your password.')).toBeVisible();
  await page.getByLabel('Password so far').fill(password);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Your password is changed')).toBeVisible();
});
