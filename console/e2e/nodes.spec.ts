import { expect, pictures, test } from './support/test';

const three = [
  { id: 'node_01k1qhwaswfn78ypkbfj6sw3rt', name: 'claviger-1', version: '0.1.0', lease_ms: 3_000, stale_ms: null, joined_at: '2026-01-10T08:00:00Z', renewed_at: '2026-01-12T09:30:00Z', behind: 0, this: true },
  { id: 'node_01k1qhwaswfn78ypkbfj6sw3ru', name: 'claviger-2', version: '0.1.0', lease_ms: 3_000, stale_ms: null, joined_at: '2026-01-10T08:01:00Z', renewed_at: '2026-01-12T09:29:59Z', behind: 2, this: false },
  { id: 'node_01k1qhwaswfn78ypkbfj6sw3rv', name: 'claviger-3', version: '0.2.0', lease_ms: 3_000, stale_ms: 300_000, joined_at: '2026-01-10T08:02:00Z', renewed_at: '2026-01-12T09:29:40Z', behind: 7, this: false },
];

test('the only server that there can be is shown, and how there could be more', async ({ console: page, server }) => {
  await page.goto(server.url);
  await page.getByRole('link', { name: 'Nodes', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Nodes', level: 1 })).toBeVisible();
  await expect(page.getByRole('row', { name: /answers this page.*Serving/ })).toBeVisible();
  await expect(page.getByText('For several servers, use PostgreSQL.')).toBeVisible();
  await pictures(page, 'nodes-one', ['usual']);
});

test('several servers are shown with how they stand, and one that is not heard of is pointed out', async ({ console: page, server }) => {
  await page.route('**/v1/nodes', (route) => route.fulfill({ json: { items: three } }));
  await page.goto(`${server.url}/nodes`);
  await expect(page.getByRole('row', { name: /claviger-1/ })).toContainText('Serving');
  await expect(page.getByRole('row', { name: /claviger-2/ })).toContainText('Catching up');
  await expect(page.getByRole('row', { name: /claviger-3/ })).toContainText('Not heard of');
  await expect(page.getByRole('heading', { name: 'A server is not heard of' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'The servers have different versions' })).toBeVisible();
  await pictures(page, 'nodes');
});

test('a list of servers that cannot be read says so', async ({ console: page, server, expectError }) => {
  expectError(/500/);
  await page.route('**/v1/nodes', (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', json: { status: 500, title: 'Internal error', code: 'internal', detail: 'sample' } }));
  await page.goto(`${server.url}/nodes`);
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
});
