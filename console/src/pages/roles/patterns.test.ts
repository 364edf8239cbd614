import { describe, expect, it } from 'vitest';
import { covers, grantedBy, isPattern, isWildcard } from './patterns';

describe('patterns', () => {
  it('grant what they name, and what their wildcards take in', () => {
    expect(covers('orders:view', 'orders:view')).toBe(true);
    expect(covers('orders:view', 'orders:create')).toBe(false);
    expect(covers('orders:*', 'orders:create')).toBe(true);
    expect(covers('*:view', 'orders:view')).toBe(true);
    expect(covers('*', 'orders:view')).toBe(true);
    expect(covers('workflow.*:submit', 'workflow.42:submit')).toBe(true);
    expect(covers('workflow.*:submit', 'workflow:submit')).toBe(false);
    expect(covers('orders:line.*', 'orders:line.edit')).toBe(true);
  });

  it('reach Claviger’s own permissions only by their name', () => {
    expect(covers('*', 'claviger:keys.read')).toBe(false);
    expect(covers('*:*', 'claviger:keys.read')).toBe(false);
    expect(covers('claviger:*', 'claviger:keys.read')).toBe(true);
    expect(covers('claviger:keys.*', 'claviger:keys.read')).toBe(true);
    expect(covers('claviger:keys.*', 'claviger:keysmith')).toBe(false);
  });

  it('are told by name before wildcards', () => {
    expect(grantedBy(['*', 'orders:view'], 'orders:view')).toBe('orders:view');
    expect(grantedBy(['orders:*'], 'orders:view')).toBe('orders:*');
    expect(grantedBy(['orders:*'], 'cce:view')).toBeUndefined();
  });

  it('are told from what is none', () => {
    expect(['*', 'a:b', 'a.*:b', 'a:b.*', 'a_b-c.d:*'].every(isPattern)).toBe(true);
    expect(['', 'a', 'A:b', 'a:b:c', 'a*:b', '.a:b', 'a.:b'].some(isPattern)).toBe(false);
    expect([isWildcard('orders:*'), isWildcard('orders:view')]).toEqual([true, false]);
  });
});
