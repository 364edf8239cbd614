import { person } from './support/server';
import { expect, test } from './support/test';

test('all of it is done with the keyboard alone: sign in, the palette, a page, and back', async ({ visitor: page, server, cookie }) => {
  expect(cookie).toBeTruthy();
  await page.goto(`${server.url}/sign-in`);
  await expect(page.getByLabel('Email')).toBeFocused();
  await page.keyboard.type(person.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(person.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();

  await page.keyboard.press('Control+k');
  await expect(page.getByRole('searchbox', { name: 'Search and commands' })).toBeFocused();
  await page.keyboard.type('audit');
  await expect(page.getByRole('menuitem', { name: 'Audit log' })).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/audit$/);
  await expect(page.getByRole('row').nth(1)).toBeVisible();

  // The table is one stop, in which arrows lead on, and a record opens and closes.
  await page.getByRole('button', { name: 'Verify' }).focus();
  for (let at = 0; at < 12 && !(await page.evaluate(() => document.activeElement?.closest('[role=grid]') !== null)); at += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

for (const path of ['/policy', '/account']) {
  test(`Tab leads through ${path} and out again, and each stop is seen`, async ({ console: page, server }) => {
    await page.goto(`${server.url}${path}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByRole('heading', { level: 2 }).nth(4)).toBeVisible();
    const stops: string[] = [];
    let left = false;
    for (let at = 0; at < 120 && !left; at += 1) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const here = document.activeElement;
        if (!here || here === document.body) return undefined;
        const inside = [here, here.parentElement, here.previousElementSibling, here.nextElementSibling, here.querySelector('*'), here.closest('label'), here.closest('label')?.querySelector('div')];
        const isSeen = inside.some((one) => one && (getComputedStyle(one).outlineStyle !== 'none' || getComputedStyle(one).boxShadow !== 'none'));
        return { name: `${here.tagName} ${here.getAttribute('aria-label') ?? here.textContent?.slice(0, 30) ?? ''}`, isSeen };
      });
      if (!stop) left = stops.length > 0;
      else {
        stops.push(stop.name);
        expect(stop.isSeen, `the focus is seen at ${stop.name}`).toBe(true);
      }
    }
    expect(left, `Tab leaves the page; last stops: ${stops.slice(-3).join(' | ')}`).toBe(true);
    expect(stops.length).toBeGreaterThan(8);
  });
}
