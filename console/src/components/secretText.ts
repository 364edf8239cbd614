// What a secret is put into: a line of `.env`, and a command that tries it.

/** `BILLING_EXPORT_API_KEY=sk_live_…`, with nothing of the name but letters, digits and underlines. */
export function envLine(name: string, token: string): string {
  const plain = name.normalize('NFKD').replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '').toUpperCase();
  const variable = /^[A-Z]/.test(plain) ? `${plain.slice(0, 60)}_API_KEY` : 'API_KEY';
  return `${variable.replace(/(_API)?(_KEY)?_API_KEY$/, '_API_KEY')}=${quoted(token)}\n`;
}

/** As a shell reads one word, whatever is in it. */
function quoted(word: string): string {
  return /^[\w.~-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The key tells about itself: whether it works, and what it may do. */
export function trial(origin: string, token: string): string {
  return `curl -s ${origin}/v1/self \\\n  -H ${`'Authorization: Bearer ${token.replaceAll("'", String.raw`'\''`)}'`}`;
}
