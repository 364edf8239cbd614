import type { components } from '@/api/schema';

export type Person = components['schemas']['User'];

/** Whatever shows people, read anew after a change. */
export const touches = [['users'], ['get', '/v1/users/{id}'], ['get', '/v1/users/{id}/sessions'], ['session'], ['roles'], ['audit']] as const;
