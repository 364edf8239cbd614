// What a webhook is told of: single events, all of a kind (`key.*`), or all (`*`).
import { webhooks as words } from '@/strings/en/webhooks';

/** Every event, in the order in which they are offered. */
export const events = Object.keys(words.events);

const kindOf = (event: string) => event.slice(0, event.indexOf('.'));

/** The events by kind. */
export const kinds = [...new Set(events.map(kindOf))].map((kind) => ({ kind, events: events.filter((event) => kindOf(event) === kind) }));

/** Whether it is told of everything. */
export function isAll(filters: readonly string[]): boolean {
  return filters.includes('*');
}

/** The single events that filters name. */
export function named(filters: readonly string[]): string[] {
  return events.filter((event) => filters.some((filter) => filter === '*' || filter === event || filter === `${kindOf(event)}.*`));
}

/** The filters that name just these events: all of a kind are told as that kind, so that those that come later are among them. */
export function filtersOf(chosen: readonly string[]): string[] {
  return kinds.flatMap(({ kind, events: all }) => (all.length > 1 && all.every((event) => chosen.includes(event)) ? [`${kind}.*`] : all.filter((event) => chosen.includes(event))));
}
