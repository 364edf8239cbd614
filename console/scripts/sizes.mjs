// How much each page weighs, gzipped: what the frame loads, and what each route adds to it. It fails where a page that somebody may
// open first weighs more than was promised.
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

/** Scripts of a page that is opened first. */
const PROMISED = 350 * 1024;
const firstPages = /pages\/(sign-in|overview|keys)\/[A-Za-z]+Page\.tsx$/;

const entry = whole('index.html');
console.log(`frame: ${kilobytes(weigh(entry))} of scripts`);
for (const file of new Set(Object.values(manifest).flatMap((chunk) => [chunk.file, ...(chunk.css ?? [])]))) {
  if (file.endsWith('.css')) console.log(`styles: ${kilobytes(size(file))}`);
}
for (const [name, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry) continue;
  const added = [...whole(name)].filter((one) => !entry.has(one));
  console.log(`${name}: +${kilobytes(weigh(added))}`);
  const all = weigh(entry) + weigh(added);
  if (firstPages.test(name) && all > PROMISED) {
    console.error(`${name} weighs ${kilobytes(all)} with the frame; at most ${kilobytes(PROMISED)} is promised`);
    process.exitCode = 1;
  }
}
