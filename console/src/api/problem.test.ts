import { expect, it } from 'vitest';
import { faultsByField, told } from './problem';

const problem = { type: 'urn:claviger:problem:invalid_request', title: 'The request cannot be taken', status: 400, code: 'invalid_request', detail: 'name: a name is needed' };

it('faults stand beside their fields, also those of a part of one', () => {
  const errors = [
    { field: 'name', detail: 'a name is needed' },
    { field: 'networks[2]', detail: 'not a network' },
  ];
  expect(faultsByField({ ...problem, errors })).toEqual({ name: 'A name is needed.', networks: 'Not a network.' });
});

it('a missing permission says which, and whom to ask', () => {
  expect(told({ ...problem, status: 403, code: 'forbidden', missing: 'claviger:keys.create' }).detail).toContain('claviger:keys.create');
});

it('a lost connection says what to look at', () => expect(told(new TypeError('Failed to fetch')).title).toBe('Claviger does not answer'));

it('a fault of the server names the request, so that it is found in the log', () => {
  expect(told({ ...problem, status: 500, code: 'internal', request_id: 'req_sample' }).requestId).toBe('req_sample');
});
