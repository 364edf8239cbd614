// Which keys need somebody, by filters that the list of keys has.
import type { components } from '@/api/schema';

type Key = components['schemas']['Key'];
export type GroupName = 'expiring' | 'idle' | 'unused' | 'endless';

export interface Group {
  name: GroupName;
  /** What is asked of `/v1/keys`. */
  asked: { status: string; sort: string; idle_since?: string };
  /** Which of the answered keys belong here; the rest is another group's. */
  belongs: (key: Key) => boolean;
  /** The same in the table. */
  href: string;
  /** What is told beside the name. */
  told: (key: Key) => { what: 'ends' | 'used' | 'made'; at: string } | undefined;
}

const daysAgo = (days: number, now: Date) => new Date(now.getTime() - days * 86_400_000);

/** Idle: not for ninety days. Never used: made a week ago or more, so that whoever is just at it is left alone. */
export function groups(now: Date): Group[] {
  const idleSince = daysAgo(90, now).toISOString();
  const weekAgo = daysAgo(7, now).toISOString();
  return [
    {
      name: 'expiring',
      asked: { status: 'expiring_soon', sort: 'expires_at' },
      belongs: () => true,
      href: '/keys?status=expiring_soon&sort=expires_at',
      told: (key) => (key.expires_at ? { what: 'ends', at: key.expires_at } : undefined),
    },
    {
      name: 'idle',
      asked: { status: 'active', sort: '-last_used_at', idle_since: idleSince },
      belongs: (key) => key.last_used_at !== null,
      href: `/keys?status=active&sort=-last_used_at&idle_since=${idleSince.slice(0, 10)}`,
      told: (key) => (key.last_used_at ? { what: 'used', at: key.last_used_at } : undefined),
    },
    {
      name: 'unused',
      asked: { status: 'active', sort: 'last_used_at' },
      belongs: (key) => key.last_used_at === null && key.created_at < weekAgo,
      href: '/keys?status=active&sort=last_used_at',
      told: (key) => ({ what: 'made', at: key.created_at }),
    },
    {
      name: 'endless',
      asked: { status: 'active', sort: '-expires_at' },
      belongs: (key) => key.expires_at === null,
      href: '/keys?status=active&sort=-expires_at',
      told: (key) => ({ what: 'made', at: key.created_at }),
    },
  ];
}
