import { Button } from '@react-spectrum/s2/Button';
import { Link } from '@react-spectrum/s2/Link';
import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import CheckmarkCircle from '@react-spectrum/s2/icons/CheckmarkCircle';
import { useState } from 'react';
import { href, remedy, told, type Finding, type Found } from './attention';
import { ifMatch, useAction } from '@/api/action';
import { api, query } from '@/api/client';
import { useMay } from '@/api/session';
import { EmptyState, ErrorState, Loading } from '@/components/states';
import { Time } from '@/components/Time';
import { touches, useSwitch, type KeyRow } from '@/pages/keys/actions';
import { KeyDialogs, type Asked } from '@/pages/keys/dialogs/KeyDialogs';
import { overview as words } from '@/strings/en/overview';

const DAYS = 90;

/** Gives a key an end, so many days from now. */
function useEnd() {
  return useAction({
    call: ({ key }: { key: KeyRow }) => api.PATCH('/v1/keys/{id}', { params: { path: { id: key.id } }, headers: ifMatch(key.version), body: { expires_in: `${DAYS}d` } }),
    touches,
    done: (_, { key }) => words.ended(key.name, DAYS),
  });
}

function Remedy({ finding, row, onAsk }: { finding: Finding; row: KeyRow; onAsk: (asked: Asked) => void }) {
  const may = useMay();
  const change = useSwitch();
  const end = useEnd();
  const helps = remedy(finding, row);
  const label = words.remedies[finding];
  if (helps.does === 'open') return <LinkButton variant="secondary" size="S" aria-label={`${label}: ${row.name}`} href={helps.href}>{label}</LinkButton>;
  if (!may('claviger:keys.update')) return null;
  const act = () => {
    if (helps.does === 'disable') change.run({ key: row, which: 'disable' });
    else if (helps.does === 'rotate') onAsk({ what: 'rotate', row });
    else end.run({ key: row });
  };
  return <Button variant="secondary" size="S" aria-label={`${label}: ${row.name}`} isPending={change.isRunning || end.isRunning} onPress={act}>{label}</Button>;
}

function Card({ found, onAsk }: { found: Found; onAsk: (asked: Asked) => void }) {
  const text = words.groups[found.finding];
  return (
    <section aria-label={text.title} className={style({ borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200', borderRadius: 'xl', padding: 20, display: 'flex', flexDirection: 'column', gap: 12, minWidth: 0 })}>
      <div>
        <h3 className={style({ font: 'title', margin: 0 })}>{text.title}</h3>
        <p className={style({ font: 'ui-sm', color: 'neutral-subdued', margin: 0, marginTop: 4 })}>{text.text}</p>
      </div>
      <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, flexGrow: 1 })}>
        {found.keys.map((key) => {
          const beside = told(found.finding, key);
          return (
            <li key={key.id} className={style({ display: 'flex', justifyContent: 'space-between', alignItems: 'center', gap: 12, paddingY: 8, font: 'ui', borderStyle: 'solid', borderWidth: 0, borderTopWidth: 1, borderColor: 'gray-100' })}>
              <span className={style({ display: 'flex', flexDirection: 'column', gap: 2, minWidth: 0 })}>
                <span className="name"><Link isStandalone isQuiet variant="secondary" href={`/keys/${key.id}`}>{key.name}</Link></span>
                {beside && <span className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{words[beside.what]} <Time plain at={beside.at} /></span>}
              </span>
              <Remedy finding={found.finding} row={key} onAsk={onAsk} />
            </li>
          );
        })}
      </ul>
      {found.count > found.keys.length && <span className={style({ font: 'ui-sm' })}><Link isStandalone variant="primary" href={href(found)}>{words.seeAll(found.count, found.more)}</Link></span>}
    </section>
  );
}

/** The keys that need somebody, a card for each reason, and beside each key what helps. */
export function Attention() {
  const [asked, setAsked] = useState<Asked>();
  const { data, error, refetch } = query.useQuery('get', '/v1/attention');
  return (
    <section aria-label={words.attention} className={style({ marginTop: 32 })}>
      <h2 className={style({ font: 'title-lg', margin: 0, marginBottom: 16 })}>{words.attention}</h2>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading />
      ) : data.items.length === 0 ? (
        <EmptyState icon={<CheckmarkCircle />} title={words.quiet}>{words.quietText}</EmptyState>
      ) : (
        <div className={style({ display: 'grid', gridTemplateColumns: { default: ['minmax(0, 1fr)'], lg: ['minmax(0, 1fr)', 'minmax(0, 1fr)'] }, gap: 16 })}>
          {data.items.map((found) => <Card key={found.finding} found={found} onAsk={setAsked} />)}
        </div>
      )}
      <KeyDialogs asked={asked} onClose={() => setAsked(undefined)} onErased={() => setAsked(undefined)} />
    </section>
  );
}
