import { expect, type Page } from '@playwright/test';

/** Waits until what is told in passing is closed, or has gone by itself, so that a picture shows the page. */
export async function calm(page: Page) {
  const close = page.getByRole('alertdialog').getByRole('button', { name: 'Close' });
  await expect(async () => {
    for (const one of await close.all()) await one.click({ timeout: 1_000 });
    expect(await close.count()).toBe(0);
  }).toPass();
}
