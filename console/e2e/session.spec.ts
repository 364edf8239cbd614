import { as, password, somebody } from './support/people';
import { expect, pictures, test } from './support/test';

test('a session that ends while a form is filled in is taken up again, and nothing of the form is lost', async ({ visitor: page, context, server, cookie }) => {
  expect(cookie).toBeTruthy();
  const mine = await somebody(server, 'Fay Sample', ['administrator']);
  await as(context, server, mine.cookie);
  await page.goto(`${server.url}/policy`);
  await page.getByRole('button', { name: 'Edit policy' }).click();
  const field = page.locator('[data-setting="expiring_window"]').getByRole('textbox');
  await field.fill('45d');
  await server.call('DELETE', `/v1/users/${mine.id}/sessions`);
  await page.getByRole('button', { name: 'Review changes' }).click();
  await expect(page.getByRole('heading', { name: 'Your session has ended' })).toBeVisible();
  await pictures(page, 'session-expired', ['narrow', 'usual']);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('dialog').getByText('45 days')).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Confirm and change' }).click();
  await expect(page.locator('[data-setting="expiring_window"]')).toContainText('45 days');
});

test('a recent sign-in is asked for again, and the change goes on', async ({ visitor: page, context, server, cookie }) => {
  expect(cookie).toBeTruthy();
  const mine = await somebody(server, 'Rae Sample', ['administrator']);
  await as(context, server, mine.cookie);
  await page.goto(`${server.url}/account`);
  let asked = 0;
  // As after ten minutes: the server's own refusal, once; the rest is the real server.
  await page.route('**/v1/me/password', async (route) => {
    asked += 1;
    if (asked > 1) return route.continue();
    const body = { type: 'urn:claviger:problem:recent_sign_in_needed', title: 'A recent sign-in is needed', status: 403, code: 'recent_sign_in_needed', detail: 'show again who you are' };
    return route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(body) });
  });
  await page.getByRole('button', { name: 'Change password…' }).click();
  await page.getByLabel('Password so far').fill(password);
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill('seven other sample words are here');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { name: 'Confirm it is you' })).toBeVisible();
  await pictures(page, 'session-confirm', ['usual']);
  const again = page.getByRole('dialog').filter({ has: page.getByRole('heading', { name: 'Confirm it is you' }) });
  await again.getByLabel('Password').fill(password);
  await again.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByText('Your password is changed')).toBeVisible();
});

test('signing out ends the session on the server, and leaves nothing in the browser', async ({ visitor: page, context, server, cookie }) => {
  expect(cookie).toBeTruthy();
  const mine = await somebody(server, 'Oda Sample', ['viewer']);
  await as(context, server, mine.cookie);
  await page.goto(`${server.url}/account`);
  await page.getByRole('button', { name: /^Account menu of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in to Claviger' })).toBeVisible();
  const answer = await fetch(`${server.api}/v1/session`, { headers: { Cookie: mine.cookie } });
  expect(answer.status).toBe(401);
});

for (const [role, hidden, shown] of [
  ['viewer', ['Audit log'], ['API keys']],
  ['auditor', [], ['API keys', 'Audit log']],
] as const) {
  test(`a person with the role ${role} sees what they may, and is told what they may not`, async ({ visitor: page, context, server, cookie }) => {
    expect(cookie).toBeTruthy();
    const mine = await somebody(server, `Vi ${role}`, [role]);
    await as(context, server, mine.cookie);
    await page.goto(`${server.url}/account`);
    const nav = page.getByRole('navigation', { name: 'Main' });
    for (const name of shown) await expect(nav.getByRole('link', { name, exact: true })).toBeVisible();
    for (const name of hidden) await expect(nav.getByRole('link', { name, exact: true })).toHaveCount(0);
    await page.goto(`${server.url}/policy`);
    await expect(page.getByRole('button', { name: 'Edit policy' })).toHaveCount(0);
    await page.goto(`${server.url}/audit`);
    if (role === 'viewer') {
      await expect(page.getByRole('heading', { name: 'You may not see this' })).toBeVisible();
      await expect(page.getByText(/claviger:audit\.read/)).toBeVisible();
      await pictures(page, 'not-allowed', ['narrow', 'usual']);
      // Where the page believes otherwise, the server still refuses, and the page says so.
      await page.route('**/v1/session', async (route) => {
        const answer = await route.fetch();
        const body = (await answer.json()) as { permissions: string[] };
        await route.fulfill({ response: answer, json: { ...body, permissions: [...body.permissions, 'claviger:audit.read'] } });
      });
      await page.goto(`${server.url}/audit`);
      await expect(page.getByRole('heading', { name: 'You are not allowed to do this' })).toBeVisible();
      await expect(page.getByText(/It needs the permission claviger:audit\.read/)).toBeVisible();
      await pictures(page, 'not-allowed-server', ['usual']);
    } else {
      await expect(page.getByRole('row').nth(1)).toBeVisible();
    }
  });
}

test('the provider’s button is there only where one is set up', async ({ visitor: page, server }) => {
  await page.goto(`${server.url}/sign-in`);
  await expect(page.getByLabel('Email')).toBeVisible();
  const button = page.getByRole('link', { name: 'Continue with your organisation’s account' });
  await expect(button).toHaveCount(0);
  await page.route('**/v1/session/methods', (route) => route.fulfill({ json: { password: true, oidc: true } }));
  await page.goto(`${server.url}/sign-in?next=/audit`);
  await expect(button).toHaveAttribute('href', '/v1/oidc/start?then=%2Faudit');
  await pictures(page, 'sign-in-provider', ['usual']);
});

test('an invitation is taken by its link', async ({ visitor: page, server, cookie }) => {
  expect(cookie).toBeTruthy();
  const invited = await server.call<{ invitation_url: string }>('POST', '/v1/users', { email: 'ivy@sample.example', roles: ['viewer'] });
  const token = invited.invitation_url.split('/').pop() ?? '';
  await page.goto(`${server.url}/invitations/${token}`);
  await expect(page.getByRole('heading', { name: /^Join / })).toBeVisible();
  await pictures(page, 'invitation', ['narrow', 'usual']);
  await page.getByRole('textbox', { name: 'Your name' }).fill('Ivy Sample');
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Save and sign in' }).click();
  await page.getByRole('button', { name: 'Not now' }).click();
  await expect(page.getByRole('button', { name: 'Account menu of Ivy Sample' })).toBeVisible();
  expect(page.url()).not.toContain(token);
});
