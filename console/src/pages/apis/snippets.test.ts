import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gateways, snippet } from './snippets';

const told = (line: string) => line.trim().replace(/\s+#.*$/, '');
const manual = readFileSync('../docs/gateways.md', 'utf8');

describe('a gateway’s configuration', () => {
  it.each(gateways)('of %s names the API', (gateway) => {
    const text = snippet(gateway, 'sample-api', '10.0.0.9:7401');
    expect(text).toMatch(/api[=:] ?sample-api\b/);
    expect(text).not.toMatch(/undefined|\borders\b/);
    expect(text.includes('10.0.0.9:7401')).toBe(gateway !== 'Envoy');
  });

  it.each(gateways)('of %s says no line that the manual does not', (gateway) => {
    const lines = new Set(manual.split('\n').map(told));
    // The manual tells of Envoy's route in prose.
    const [first = ''] = snippet(gateway, 'orders', '127.0.0.1:7401').split('\n# on the route');
    const missing = first.split('\n').map(told).filter((line) => line && !line.startsWith('#') && !lines.has(line));
    expect(missing).toEqual([]);
  });
});
