// The one way to the server: openapi-fetch with the types of docs/openapi.json, and TanStack Query around it.
import createFetchClient from 'openapi-fetch';
import createQueryClient from 'openapi-react-query';
import { noteLater } from './effective';
import { interrupt } from './interruptions';
import { actingIn } from './organisation';
import type { paths } from './schema';

/** Where a 401 is an answer, and not the end of a session. */
const open = /^\/v1\/(session$|session\/(methods|confirm)$|invitations\/|setup\/)/;

async function codeOf(response: Response): Promise<string | undefined> {
  if (!response.headers.get('content-type')?.includes('json')) return undefined;
  const body: unknown = await response.clone().json();
  return typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : undefined;
}

/** Sends a request, and again once the person has signed in again or shown who they are. */
export async function send(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname;
  for (;;) {
    const response = await fetch(request.clone());
    const stopped =
      response.status === 401 && !open.test(path) && (await codeOf(response)) !== 'wrong_credentials'
        ? 'expired'
        : response.status === 403 && (await codeOf(response)) === 'recent_sign_in_needed'
          ? 'confirm'
          : undefined;
    if (!stopped || !(await interrupt(stopped))) return response;
  }
}

export const api = createFetchClient<paths>({ baseUrl: window.location.origin, fetch: send });

api.use({
  onRequest({ request }) {
    const slug = actingIn();
    if (slug) request.headers.set('Claviger-Organisation', slug);
    // One for each call, so that a request that is sent twice makes one thing.
    if (request.method === 'POST') request.headers.set('Idempotency-Key', crypto.randomUUID());
    return request;
  },
  onResponse({ response }) {
    noteLater(response);
  },
});

/** `query.useQuery('get', '/v1/keys/{id}', …)`, `query.useMutation('post', …)`: typed by path. */
export const query = createQueryClient(api);
