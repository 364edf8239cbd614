// An OpenID provider of the tests' own, with its stock sign-in pages: whoever names themself is believed.
// usage: node provider.mjs <redirect uri>; prints its issuer on the first line.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const [redirect] = process.argv.slice(2);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'claviger',
      client_secret: 'sample-secret-of-the-tests',
      redirect_uris: [redirect],
      grant_types: ['authorization_code'],
    }],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    // So that the id_token itself has the address.
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ['sample-cookie-key'] },
    // The login that was typed is the address; an unverified one says so.
    findAccount: async (_context, login) => ({
      accountId: login,
      claims: async () => ({
        sub: login,
        email: login.replace('unverified+', ''),
        email_verified: !login.startsWith('unverified+'),
        name: login.split('@')[0],
      }),
    }),
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
