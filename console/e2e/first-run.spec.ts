import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { person, Server } from './support/server';
import { expect, pictures, test as base } from './support/test';

// A fresh installation, and the link that it prints.
const test = base.extend<object, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await Server.start('empty');
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
});
const shell = promisify(execFile);

test('the set-up link leads through account, second factor, organisation, policy and first key to its first verification, seen live', async ({ visitor: page, server }) => {
  test.slow();
  await page.goto(`${server.url}/setup/${server.setupToken}`);
  await expect(page.getByRole('heading', { name: 'Set up Claviger' })).toBeVisible();
  await pictures(page, 'first-account', ['narrow']);
  await page.getByRole('textbox', { name: 'Your name' }).fill(person.name);
  await page.getByRole('textbox', { name: 'Email' }).fill(person.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(person.password);
  await page.getByRole('button', { name: 'Create account' }).click();

  await expect(page.getByRole('img', { name: /QR code/ })).toBeVisible();
  await expect(page.getByText('Step 1 of 4')).toBeVisible();
  expect(page.url()).not.toContain(server.setupToken);
  await pictures(page, 'first-factor', ['narrow']);
  await page.getByRole('button', { name: 'Not now' }).click();

  await page.getByRole('textbox', { name: 'Name of the organisation' }).fill('Sample Works');
  await pictures(page, 'first-organisation', ['narrow']);
  await page.getByRole('button', { name: 'Continue' }).click();

  await expect(page.getByRole('heading', { name: 'Choose a policy to begin with' })).toBeVisible();
  await expect(page.getByRole('radio', { name: 'OmniCRM' })).toBeVisible();
  // It is left, and taken up again where it was.
  await page.goto(`${server.url}/keys`);
  await page.getByRole('link', { name: 'Finish setting up' }).click();
  await expect(page.getByRole('heading', { name: 'Choose a policy to begin with' })).toBeVisible();
  await page.getByText('OmniCRM', { exact: true }).click();
  await pictures(page, 'first-policy', ['narrow', 'usual']);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Apply preset' }).click();

  await page.getByRole('textbox', { name: 'Name of the key' }).fill('Sample order sync');
  await pictures(page, 'first-key', ['narrow', 'usual']);
  await page.getByRole('button', { name: 'Create key' }).click();
  const secret = await page.getByLabel('Secret', { exact: true }).first().textContent();
  expect(secret).toMatch(/^sk_live_/);
  expect(page.url()).not.toContain(secret);
  await page.getByRole('textbox', { name: 'Where verifications are asked for' }).fill(server.verification);
  await expect(page.getByText('Waiting for the first verification…')).toBeVisible();
  await pictures(page, 'first-secret', ['narrow', 'usual']);

  const command = await page.getByLabel('Command', { exact: true }).first().textContent();
  const { stdout } = await shell('sh', ['-c', command ?? '']);
  expect(JSON.parse(stdout)).toMatchObject({ valid: true });
  await expect(page.getByRole('heading', { name: 'The first verification has come' })).toBeVisible({ timeout: 20_000 });
  await pictures(page, 'first-verified', ['usual']);

  await page.getByText('I have stored it').click();
  await page.getByRole('button', { name: 'Go to the console' }).click();
  await expect(page.getByText('Sample Works').first()).toBeVisible();
  await expect(page.getByRole('link', { name: 'Finish setting up' })).toHaveCount(0);
  expect(await page.content()).not.toContain(secret);
});
