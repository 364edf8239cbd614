import { expect, type Page } from '@playwright/test';

/** Closes what was told in passing, so that a picture shows the page. */
export async function calm(page: Page) {
  const close = page.getByRole('alertdialog').getByRole('button', { name: 'Close' });
  for (let left = await close.count(); left > 0; left -= 1) await close.first().click();
  await expect(close).toHaveCount(0);
}
