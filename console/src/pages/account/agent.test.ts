import { expect, test } from 'vitest';
import { agentName } from './agent';

test('a browser is told by its name and system', () => {
  expect(agentName('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')).toBe('Firefox on Linux');
  expect(agentName('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0')).toBe('Edge on Windows');
  expect(agentName('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1')).toBe('Safari on iOS');
});

test('what is no browser is told by its first word, and nothing by words of ours', () => {
  expect(agentName('curl/8.5.0')).toBe('curl/8.5.0');
  expect(agentName('')).toBe('Unknown browser');
});
