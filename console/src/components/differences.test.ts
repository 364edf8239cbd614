import { describe, expect, it } from 'vitest';
import { differences, valueText } from './differences';

describe('what a record changed', () => {
  it('is told field by field, before and after', () => {
    expect(differences({ name: { before: 'Old', after: 'New' }, roles: { after: ['role_1', 'role_2'] } }, new Map([['role_1', 'viewer']]))).toEqual([
      { field: 'name', before: 'Old', after: 'New' },
      { field: 'roles', before: undefined, after: 'viewer, role_2' },
    ]);
  });

  it('tells emptiness and truth in words', () => {
    expect([valueText(null), valueText([]), valueText(''), valueText(true), valueText(false), valueText(0)]).toEqual(['nothing', 'nothing', 'nothing', 'yes', 'no', '0']);
  });

  it('takes what has another form as it is', () => {
    expect(differences({ count: 3, limits: { after: [{ limit: 1 }] } })).toEqual([
      { field: 'count', before: undefined, after: '3' },
      { field: 'limits', before: undefined, after: '{"limit":1}' },
    ]);
    expect(differences(null)).toEqual([]);
    expect(differences([1])).toEqual([]);
  });
});
