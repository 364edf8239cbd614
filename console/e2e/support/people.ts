// People beside the first one, each with a session of their own.
import type { BrowserContext } from '@playwright/test';
import type { Server } from './server';

export const password = 'many sample words stand in a row';

/** Invites somebody, has them come, and answers their session's cookie. */
export async function somebody(server: Server, name: string, roles: readonly string[]): Promise<{ email: string; cookie: string; id: string }> {
  const email = `${name.toLowerCase().replace(/\W+/g, '.')}@sample.example`;
  const invited = await server.call<{ id: string; invitation_url: string }>('POST', '/v1/users', { email, name, roles });
  const token = invited.invitation_url.split('/').pop() ?? '';
  const answer = await fetch(`${server.api}/v1/invitations/${token}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name, password }),
  });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (!cookie) throw new Error(`${name} did not come: ${answer.status} ${await answer.text()}`);
  return { email, cookie, id: invited.id };
}

/** Another session of somebody who has come. */
export async function signIn(server: Server, email: string, word: string = password): Promise<string> {
  const answer = await fetch(`${server.api}/v1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'User-Agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0' },
    body: JSON.stringify({ email, password: word }),
  });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (!cookie) throw new Error(`${email} was not let in: ${answer.status}`);
  return cookie;
}

/** Has a browser be that person's. */
export async function as(context: BrowserContext, server: Server, cookie: string) {
  const [name = '', value = ''] = cookie.split('=');
  await context.clearCookies();
  await context.addCookies([{ name, value, url: server.url }]);
}
