import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, pictures, test } from './support/test';

/** A program that webhooks call, which answers as it is told. */
async function receiver() {
  const told: string[] = [];
  const behaviour = { status: 204 };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      told.push(body);
      response.writeHead(behaviour.status).end(behaviour.status === 204 ? '' : 'out of order');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/claviger`;
  return { url, told, behaviour, close: () => server.close() };
}

test('a webhook is added, its secret shown once, tried, and its messages are sent again', async ({ console: page, server }) => {
  const there = await receiver();
  await page.goto(`${server.url}/webhooks`);
  await expect(page.getByRole('heading', { name: 'No webhooks yet' })).toBeVisible();
  await pictures(page, 'webhooks-empty', ['narrow', 'usual']);
  await page.getByRole('button', { name: 'Add a webhook' }).first().click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Incidents');
  await page.getByRole('textbox', { name: 'Address' }).fill('nowhere');
  await page.getByRole('radio', { name: 'Only these' }).press('Space');
  await expect(page.getByRole('button', { name: 'Add webhook' })).toBeDisabled();
  await page.getByRole('group', { name: 'Keys' }).getByText('Created').click();
  await page.getByRole('group', { name: 'Policy' }).getByText('Changed').click();
  await pictures(page, 'webhook-form', ['narrow', 'usual']);
  await page.getByRole('textbox', { name: 'Address' }).fill(there.url);
  await page.getByRole('button', { name: 'Add webhook' }).click();
  const secret = page.getByTestId('secret');
  await expect(secret).toHaveText(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const shown = await secret.innerText();
  await pictures(page, 'webhook-secret', ['usual']);
  await expect(page.getByRole('button', { name: 'Done' })).toBeDisabled();
  await page.getByText('I have stored it').click();
  await page.getByRole('button', { name: 'Done' }).click();
  await pictures(page, 'webhooks');

  await page.getByRole('row', { name: /Incidents/ }).click();
  await expect(page.getByRole('heading', { name: 'Incidents' })).toBeVisible();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByText('Delivered: 204')).toBeVisible();
  expect(there.told[0]).toContain('webhook.test');
  there.behaviour.status = 503;
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByText('Not delivered: 503 out of order')).toBeVisible();
  there.behaviour.status = 204;
  const failed = page.getByRole('row', { name: /webhook.test Failed/ });
  await expect(failed).toContainText('503');
  await pictures(page, 'webhook');
  await failed.getByRole('button', { name: /^Actions for the message/ }).click();
  await page.getByRole('menuitem', { name: 'Show what is sent' }).click();
  await expect(page.getByRole('dialog', { name: 'What is sent' })).toContainText('"type": "webhook.test"');
  await page.getByRole('button', { name: 'Close' }).click();
  await failed.getByRole('button', { name: /^Actions for the message/ }).click();
  await page.getByRole('menuitem', { name: 'Send again' }).click();
  await expect(page.getByText('It is sent again.')).toBeVisible();
  await expect.poll(() => there.told.length).toBe(3);

  await page.getByRole('button', { name: 'Actions for Incidents' }).click();
  await page.getByRole('menuitem', { name: 'Replace the secret…' }).click();
  await page.getByRole('button', { name: 'Replace', exact: true }).click();
  await expect(secret).toHaveText(/^whsec_/);
  expect(await secret.innerText()).not.toBe(shown);
  await page.getByText('I have stored it').click();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('Both secrets sign until')).toBeVisible();
  expect(await page.content()).not.toContain('whsec_');

  await page.getByRole('button', { name: 'Actions for Incidents' }).click();
  await page.getByRole('menuitem', { name: 'Switch off…' }).click();
  await page.getByRole('button', { name: 'Switch off', exact: true }).click();
  await expect(page.getByText('Switched off', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Actions for Incidents' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('textbox', { name: /Incidents/ }).fill('Incidents');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('Incidents is deleted.')).toBeVisible();
  there.close();
});

test('one that the receiver wants no more is switched off, says why, and is switched on again', async ({ console: page, server }) => {
  const there = await receiver();
  there.behaviour.status = 410;
  await page.goto(`${server.url}/webhooks`);
  await page.getByRole('button', { name: 'Add a webhook' }).first().click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Gone');
  await page.getByRole('textbox', { name: 'Address' }).fill(there.url);
  await page.getByRole('button', { name: 'Add webhook' }).click();
  await page.getByText('I have stored it').click();
  await page.getByRole('button', { name: 'Done' }).click();
  const status = await page.evaluate(async () => (await fetch('/v1/keys', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"name":"Told of"}' })).status);
  expect(status).toBe(201);
  await expect.poll(() => there.told.length, { timeout: 15_000 }).toBe(1);
  await page.reload();
  await page.getByRole('row', { name: /Gone/ }).click();
  await expect(page.getByText('Switched off by Claviger: the receiver answered 410 Gone.')).toBeVisible();
  await pictures(page, 'webhook-stopped');
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByText('Gone is told again.')).toBeVisible();
  await expect(page.getByText('Active', { exact: true })).toBeVisible();
  there.close();
});
