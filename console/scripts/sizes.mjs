// How much each page weighs, gzipped: what the first page loads, and what each route adds to it.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));
const size = (file) => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length;
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} kB`;

/** A chunk with all that it imports at once. */
function whole(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const other of manifest[name]?.imports ?? []) whole(other, seen);
  return seen;
}
const weigh = (names) => [...names].reduce((sum, name) => sum + size(manifest[name].file), 0);

const entry = whole('index.html');
console.log(`first: ${kilobytes(weigh(entry))} of scripts`);
for (const file of new Set(Object.values(manifest).flatMap((chunk) => [chunk.file, ...(chunk.css ?? [])]))) {
  if (file.endsWith('.css')) console.log(`styles: ${kilobytes(size(file))}`);
}
for (const [name, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry) continue;
  const added = [...whole(name)].filter((one) => !entry.has(one));
  console.log(`${name}: +${kilobytes(weigh(added))}`);
}
