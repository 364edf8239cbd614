import { defineConfig } from '@playwright/test';
import usual from '../playwright.config';

// How quick the table of keys is with a million of them: `npm run million`, with a release build in CLAVIGER_BIN.
export default defineConfig<object, { count: number }>({
  ...usual,
  testDir: '.',
  testMatch: 'million.ts',
  outputDir: '../test-results/million',
  timeout: 30 * 60_000,
  projects: [
    { name: 'thousand', use: { count: 1_000 } },
    { name: 'million', use: { count: 1_000_000 }, dependencies: ['thousand'] },
  ],
});
