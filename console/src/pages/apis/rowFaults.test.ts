import { expect, it } from 'vitest';
import { faultAt } from './rowFaults';

it('tells the faults of a row where it is typed', () => {
  const fault = faultAt([
    { field: 'routes[1].requires', detail: 'not an expression' },
    { field: 'routes[2]', detail: 'is there twice' },
  ]);
  expect(fault('routes', 1, 'requires')).toBe('not an expression');
  expect(fault('routes', 2, 'path')).toBe('is there twice');
  expect(fault('routes', 2, 'requires')).toBeUndefined();
  expect(fault('permissions', 1, 'name')).toBeUndefined();
});
