import { expect, test } from './support/test';

for (const path of ['/keys', '/', '/audit', '/policy', '/account']) {
  test(`nothing jumps while ${path} comes`, async ({ console: page, server }) => {
    await page.addInitScript(() => {
      const seen = window as unknown as { shifts: { value: number; at: string }[] };
      seen.shifts = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean; sources?: { node?: Element }[] })[]) {
          if (!entry.hadRecentInput) seen.shifts.push({ value: entry.value, at: entry.sources?.map((one) => one.node?.className ?? '').join(' | ') ?? '' });
        }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(`${server.url}${path}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await page.waitForLoadState('networkidle');
    const shifts = await page.evaluate(() => (window as unknown as { shifts: { value: number; at: string }[] }).shifts);
    const sum = shifts.reduce((all, one) => all + one.value, 0);
    expect(sum, JSON.stringify(shifts)).toBeLessThan(0.02);
  });
}

test('whoever goes from page to page stays in the same document', async ({ console: page, server }) => {
  await page.goto(server.url);
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible();
  const loads: string[] = [];
  page.on('request', (request) => request.isNavigationRequest() && loads.push(request.url()));
  for (const name of ['API keys', 'Service accounts', 'Roles', 'Audit log', 'Webhooks', 'Overview']) {
    await page.getByRole('link', { name, exact: true }).first().click();
    await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
  }
  expect(loads).toEqual([]);
});
