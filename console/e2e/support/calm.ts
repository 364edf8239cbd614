import { expect, type Page } from '@playwright/test';

/** Waits for what is told in passing and closes it, so that a picture shows the page. */
export async function calm(page: Page) {
  const close = page.getByRole('alertdialog').getByRole('button', { name: 'Close' });
  await expect(close.first()).toBeVisible();
  while ((await close.count()) > 0) await close.first().click();
}
