import { expect, it } from 'vitest';
import { csvOf } from './csv';

it('escapes quotes and commas, and what a spreadsheet would run', () => {
  expect(csvOf([['a', 'b,c'], ['=1+1', 'say "hi"']])).toBe('a,"b,c"\r\n\'=1+1,"say ""hi"""\r\n');
});
