import optimizeLocales from '@react-aria/optimize-locales-plugin';
import react from '@vitejs/plugin-react';
import macros from 'unplugin-parcel-macros';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

// The server that development and `vite preview` speak to.
const server = process.env.CLAVIGER_URL ?? 'http://127.0.0.1:7400';
const toServer = Object.fromEntries(['/v1', '/openapi.json', '/docs'].map((path) => [path, server]));

// As the binary sends it (crates/web/src/api/console.rs), so that `vite preview` is as strict.
const security =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** Spectrum's fonts are on a foreign host. Nothing may be asked of one: the system's fonts serve. */
function systemFonts(): Plugin {
  const none = '\0no-foreign-fonts';
  return {
    name: 'system-fonts',
    enforce: 'pre',
    resolveId(id, importer) {
      const fromSpectrum = importer?.includes('@react-spectrum/s2') ?? false;
      return fromSpectrum && id.endsWith('/Fonts.mjs') ? none : undefined;
    },
    load(id) {
      return id === none ? 'export function Fonts() { return null; }' : undefined;
    },
  };
}

export default defineConfig({
  plugins: [systemFonts(), macros.vite(), react(), { ...optimizeLocales.vite({ locales: ['en-US'] }), enforce: 'pre' }],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2023',
    // Spectrum's styles are atomic and overlap between pages: one file for all is smaller than one for each.
    cssCodeSplit: false,
    cssMinify: 'lightningcss',
    modulePreload: { polyfill: false },
    manifest: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    // Spectrum's styles are made by the macros' plugin: that most of the time is spent there is as it should be.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  optimizeDeps: { entries: ['index.html', 'src/**/*.tsx'], rolldownOptions: { plugins: [systemFonts()] } },
  server: { proxy: toServer },
  preview: { proxy: toServer, headers: { 'Content-Security-Policy': security } },
  test: { include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
} as Parameters<typeof defineConfig>[0]);
