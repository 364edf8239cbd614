import { Link } from '@react-spectrum/s2/Link';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import CheckmarkCircle from '@react-spectrum/s2/icons/CheckmarkCircle';
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { groups, type Group } from './attention';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { EmptyState, ErrorState, Loading } from '@/components/states';
import { Time } from '@/components/Time';
import { overview as words } from '@/strings/en/overview';

const LIMIT = 100;
const SHOWN = 5;

interface Found {
  group: Group;
  keys: components['schemas']['Key'][];
  more: boolean;
}

async function ask(group: Group, signal: AbortSignal): Promise<Found> {
  const { data, error } = await api.GET('/v1/keys', { params: { query: { ...group.asked, limit: LIMIT } }, signal });
  if (!data) throw error;
  const keys = data.items.filter(group.belongs);
  return { group, keys, more: data.next_cursor !== null && keys.length === data.items.length };
}

function Card({ found: { group, keys, more } }: { found: Found }) {
  const text = words.groups[group.name];
  return (
    <section aria-label={text.title} className={style({ borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200', borderRadius: 'xl', padding: 20, display: 'flex', flexDirection: 'column', gap: 12, minWidth: 0 })}>
      <div>
        <h3 className={style({ font: 'title', margin: 0 })}>{text.title}</h3>
        <p className={style({ font: 'ui-sm', color: 'neutral-subdued', margin: 0, marginTop: 4 })}>{text.text}</p>
      </div>
      <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, flexGrow: 1 })}>
        {keys.slice(0, SHOWN).map((key) => {
          const told = group.told(key);
          return (
            <li key={key.id} className={style({ display: 'flex', justifyContent: 'space-between', alignItems: 'baseline', gap: 12, paddingY: 8, font: 'ui', borderStyle: 'solid', borderWidth: 0, borderTopWidth: 1, borderColor: 'gray-100' })}>
              <span className={`name ${style({ minWidth: 0 })}`}><Link isStandalone isQuiet variant="secondary" href={`/keys/${key.id}`}>{key.name}</Link></span>
              {told && <span className={style({ font: 'ui-sm', color: 'neutral-subdued', whiteSpace: 'nowrap' })}>{words[told.what]} <Time plain at={told.at} /></span>}
            </li>
          );
        })}
      </ul>
      {keys.length > SHOWN && <span className={style({ font: 'ui-sm' })}><Link isStandalone variant="primary" href={group.href}>{words.seeAll(keys.length, more)}</Link></span>}
    </section>
  );
}

/** The keys that need somebody, a card for each reason. */
export function Attention() {
  const [all] = useState(() => groups(new Date()));
  const asked = useQueries({ queries: all.map((group) => ({ queryKey: ['keys', 'attention', group.name], queryFn: ({ signal }: { signal: AbortSignal }) => ask(group, signal) })) });
  const failed = asked.find((one) => one.error);
  const found = asked.flatMap((one) => (one.data && one.data.keys.length > 0 ? [one.data] : []));
  return (
    <section aria-label={words.attention} className={style({ marginTop: 32 })}>
      <h2 className={style({ font: 'title-lg', margin: 0, marginBottom: 16 })}>{words.attention}</h2>
      {failed ? (
        <ErrorState error={failed.error} retry={() => asked.forEach((one) => void one.refetch())} />
      ) : asked.some((one) => one.isPending) ? (
        <Loading />
      ) : found.length === 0 ? (
        <EmptyState icon={<CheckmarkCircle />} title={words.quiet}>{words.quietText}</EmptyState>
      ) : (
        <div className={style({ display: 'grid', gridTemplateColumns: { default: ['minmax(0, 1fr)'], lg: ['minmax(0, 1fr)', 'minmax(0, 1fr)'] }, gap: 16 })}>
          {found.map((one) => <Card key={one.group.name} found={one} />)}
        </div>
      )}
    </section>
  );
}
