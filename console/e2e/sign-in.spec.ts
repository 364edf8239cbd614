import { person } from './support/server';
import { expect, pictures, test } from './support/test';

test('whoever is not signed in comes to the sign-in page, and back to where they wanted to go', async ({ visitor, server, cookie }) => {
  expect(cookie).toBeTruthy();
  await visitor.goto(`${server.url}/keys?status=expired`);
  await expect(visitor.getByRole('heading', { name: 'Sign in to Claviger' })).toBeVisible();
  await pictures(visitor, 'sign-in');

  await visitor.getByLabel('Email').fill(person.email);
  await visitor.getByRole('textbox', { name: 'Password' }).fill('not the password at all');
  await visitor.getByRole('button', { name: 'Sign in' }).click();
  await expect(visitor.getByRole('alert')).toContainText('is wrong');
  await pictures(visitor, 'sign-in-wrong', ['usual']);

  await visitor.getByRole('textbox', { name: 'Password' }).fill(person.password);
  await visitor.getByRole('button', { name: 'Sign in' }).click();
  await expect(visitor.getByRole('heading', { name: 'API keys' })).toBeVisible();
  expect(new URL(visitor.url()).search).toBe('?status=expired');
});

test('a link that is used up says so', async ({ visitor, server, cookie }) => {
  expect(cookie).toBeTruthy();
  await visitor.goto(`${server.url}/setup/${server.setupToken}`);
  await expect(visitor.getByRole('heading', { name: 'This link is no longer good' })).toBeVisible();
  await visitor.goto(`${server.url}/invitations/invite_nothing`);
  await expect(visitor.getByRole('heading', { name: 'This link is no longer good' })).toBeVisible();
  await pictures(visitor, 'link-gone', ['narrow', 'usual']);
});
