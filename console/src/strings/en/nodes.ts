import { count } from '@/components/format';

export const nodes = {
  title: 'Nodes',
  lead: 'The servers that answer for this installation. What one of them has revoked, none lets pass.',
  table: 'Servers',
  columns: { name: 'Server', state: 'State', version: 'Version', since: 'Serves since', renewed: 'Lease renewed', lease: 'Lease', stale: 'Goes on for', behind: 'Changes to apply' },
  here: 'answers this page',
  states: { active: 'Serving', behind: 'Catching up', late: 'Not heard of' },
  seconds: (milliseconds: number) => `${count(milliseconds / 1000)} s`,
  none: '–',
  lateTitle: 'A server is not heard of',
  lateText: 'Its lease is over, and the next change waits for that, once. It answers nothing from memory any more, unless it may go on for a time without the database: then changes say when they hold there.',
  mixedTitle: 'The servers have different versions',
  mixedText: 'That is fine while an upgrade rolls on. Bring the others up to the same one soon.',
  aloneText: 'This database is a file, which one server serves. For several servers, use PostgreSQL.',
};
