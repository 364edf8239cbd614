import { defineConfig } from '@playwright/test';
import usual from '../playwright.config';

// The pictures of docs/console.md: `npm run pictures`.
export default defineConfig({
  ...usual,
  testDir: '.',
  testMatch: 'screenshots.ts',
  outputDir: '../test-results/screenshots',
});
