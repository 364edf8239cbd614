// A browser's name out of what it calls itself. It is a help for the eye and never decides anything.
import { account as words } from '@/strings/en/account';

const browsers: readonly [RegExp, string][] = [
  [/Edg(?:e|A|iOS)?\//, 'Edge'],
  [/OPR\/|Opera/, 'Opera'],
  [/Firefox\/|FxiOS/, 'Firefox'],
  [/Chrom(?:e|ium)\/|CriOS/, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const systems: readonly [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];
const first = (names: readonly [RegExp, string][], agent: string) => names.find(([pattern]) => pattern.test(agent))?.[1];

export function agentName(agent: string): string {
  const browser = first(browsers, agent);
  if (browser) return words.agent(browser, first(systems, agent) ?? '');
  return agent.split(/[\s(]/)[0]?.slice(0, 40) || words.unknownBrowser;
}
