import { expect, it } from 'vitest';
import { envLine, trial } from './secretText';

it.each([
  ['Billing export', 'BILLING_EXPORT_API_KEY=sk_live_a\n'],
  ['Billing API key', 'BILLING_API_KEY=sk_live_a\n'],
  ['$(rm -rf /)\nX=1', 'RM_RF_X_1_API_KEY=sk_live_a\n'],
  ['鍵', 'API_KEY=sk_live_a\n'],
  ['7 dwarfs', 'API_KEY=sk_live_a\n'],
])('a file for the environment holds one harmless line for %j', (name, line) => expect(envLine(name, 'sk_live_a')).toBe(line));

it('a token cannot end the word in which a shell reads it', () => {
  expect(trial('https://keys.sample.example', "a'b")).toContain(String.raw`'Authorization: Bearer a'\''b'`);
  expect(envLine('x', 'a b')).toBe("X_API_KEY='a b'\n");
});
