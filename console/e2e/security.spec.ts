import { person } from './support/server';
import { expect, pictures, test } from './support/test';

const bidi = '\u202egnp.exe\u202c';
const names = {
  html: '<img src=x onerror="document.title=1"><b>bold</b>',
  markup: '"><script>window.hostile = true</script>{{7*7}}',
  long: 'x'.repeat(200),
  rtl: 'مفتاح العينة rtl \u05d0\u05d1',
};

test('hostile names are inert in tables, dialogs, toasts, titles and the palette', async ({ console: page, server }) => {
  for (const name of Object.values(names)) await server.call('POST', '/v1/keys', { name, tags: ['hostile'] });
  // Characters that turn or hide text are not even taken.
  for (const name of [bidi, '\u001b[31mred']) await expect(server.call('POST', '/v1/keys', { name })).rejects.toThrow(/400/);

  const inert = async () => {
    expect(await page.evaluate(() => 'hostile' in window)).toBe(false);
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(await page.title()).toContain('Claviger');
  };
  await page.goto(`${server.url}/keys?tag=hostile`);
  await expect(page.getByText(names.html).first()).toBeVisible();
  await inert();
  await pictures(page, 'hostile-keys', ['narrow', 'usual']);

  const row = page.getByRole('row').filter({ hasText: 'bold' });
  await row.getByRole('button', { name: /^Actions for/ }).click();
  await page.getByRole('menuitem', { name: 'Disable' }).click();
  await expect(page.getByText(`${names.html} is disabled`, { exact: false })).toBeVisible();
  await inert();
  await page.getByRole('row').filter({ hasText: 'window.hostile' }).getByRole('button', { name: /^Actions for/ }).click();
  await page.getByRole('menuitem', { name: 'Revoke…' }).click();
  await expect(page.getByRole('alertdialog').getByRole('heading')).toContainText(names.markup);
  await inert();
  await page.getByRole('button', { name: 'Cancel' }).click();

  await page.keyboard.press('Control+k');
  await page.getByRole('searchbox', { name: 'Search and commands' }).fill('bold');
  await expect(page.getByRole('menuitem').filter({ hasText: 'bold' })).toBeVisible();
  await inert();
  await page.keyboard.press('Escape');

  await page.goto(`${server.url}/audit?action=key.create`);
  await page.getByRole('row').filter({ hasText: 'onerror' }).getByRole('rowheader').click();
  await expect(page.getByRole('dialog').getByText(names.html).first()).toBeVisible();
  await inert();
  await pictures(page, 'hostile-record', ['usual']);
  await page.getByRole('dialog').getByRole('button', { name: 'Older' }).or(page.getByRole('dialog').getByRole('button', { name: 'Newer' })).first().waitFor();
});

test('no token is in any storage, in the address, or to be read by a script', async ({ visitor: page, context, server, cookie }) => {
  expect(cookie).toBeTruthy();
  await page.goto(`${server.url}/sign-in?next=/account`);
  await page.getByLabel('Email').fill(person.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'My account' })).toBeVisible();
  await page.goto(`${server.url}/keys`);
  await expect(page.getByRole('row').nth(1)).toBeVisible();

  const session = (await context.cookies(server.url)).find((one) => /claviger/.test(one.name));
  expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  const kept = await page.evaluate(async () => ({
    local: JSON.stringify(localStorage),
    session: JSON.stringify(sessionStorage),
    cookies: document.cookie,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    address: window.location.href,
    state: JSON.stringify(window.history.state),
  }));
  expect(kept).toMatchObject({ cookies: '', databases: 0, caches: 0 });
  const all = JSON.stringify(kept);
  expect(all).not.toContain(session?.value);
  expect(all).not.toContain(person.password);
  expect(all).not.toMatch(/sk_live_[A-Za-z0-9]{20}/);
});
