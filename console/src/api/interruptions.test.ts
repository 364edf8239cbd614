import { expect, it } from 'vitest';
import { current, interrupt, settle } from './interruptions';

it('all requests that wait are asked about once, and go on together', async () => {
  const waiting = [interrupt('confirm'), interrupt('confirm')];
  expect(current()).toBe('confirm');
  settle(true);
  expect(await Promise.all(waiting)).toEqual([true, true]);
  expect(current()).toBeUndefined();
});

it('who does not sign in again is not asked to confirm as well', async () => {
  const waiting = [interrupt('expired'), interrupt('confirm')];
  settle(false);
  expect(await Promise.all(waiting)).toEqual([false, false]);
});
