import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { ReactNode } from 'react';
import { CopyButton } from '@/components/CopyButton';
import { day } from '@/components/format';
import { Time } from '@/components/Time';
import type { KeyRow } from '@/pages/keys/actions';
import { common } from '@/strings/en/common';
import { keyPage as words } from '@/strings/en/key';

const code = style({ font: 'code-sm', wordBreak: 'break-all' });

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={style({ display: 'grid', gridTemplateColumns: { default: ['1fr'], sm: [152, 'minmax(0, 1fr)'] }, columnGap: 16, rowGap: 4, paddingY: 8, borderStyle: 'solid', borderWidth: 0, borderBottomWidth: 1, borderColor: 'gray-100' })}>
      <dt className={style({ font: 'ui', color: 'neutral-subdued' })}>{name}</dt>
      <dd className={style({ font: 'ui', margin: 0, minWidth: 0 })}>{children}</dd>
    </div>
  );
}

function Lines({ items, nothing = words.none }: { items: readonly string[]; nothing?: string }) {
  if (items.length === 0) return nothing;
  return items.map((one) => <div key={one} className="name">{one}</div>);
}

/** All that is known of a key, beside what it may do. */
export function Facts({ row }: { row: KeyRow }) {
  const { quota } = row;
  return (
    <dl className={style({ margin: 0 })}>
      <Fact name={words.masked}><code className={code}>{row.display}</code></Fact>
      <Fact name={words.id}>
        <span className={style({ display: 'inline-flex', alignItems: 'center', gap: 4 })}>
          <code className={code}>{row.id}</code>
          <CopyButton text={row.id} what={words.id} size="XS" />
        </span>
      </Fact>
      <Fact name={words.owner}><span className="name">{row.owner.name}</span></Fact>
      <Fact name={words.created}><Time at={row.created_at} /> · <span className="name">{row.created_by.name}</span></Fact>
      <Fact name={words.expires}>{row.expires_at ? <>{day(row.expires_at)} · <Time at={row.expires_at} /></> : common.never}</Fact>
      <Fact name={words.lastUsed}>
        {row.last_used_at ? <><Time at={row.last_used_at} />{row.last_used_ip && ` ${words.from(row.last_used_ip)}`}</> : common.never}
      </Fact>
      <Fact name={words.networks}><Lines items={row.networks} nothing={words.anywhere} /></Fact>
      <Fact name={words.rateLimits}><Lines items={row.rate_limits.map((one) => `${one.name}: ${words.rate(one.limit, one.window)}`)} nothing={words.byDefault} /></Fact>
      <Fact name={words.quota}>{quota ? words.quotaText(quota.used ?? 0, quota.limit) : words.noQuota}</Fact>
      <Fact name={words.tags}><Lines items={row.tags} /></Fact>
      <Fact name={words.contacts}><Lines items={row.contacts} /></Fact>
      <Fact name={words.metadata}>
        {Object.keys(row.metadata).length === 0 ? words.none : <pre className={style({ font: 'code-sm', margin: 0, whiteSpace: 'pre-wrap', wordBreak: 'break-all' })}>{JSON.stringify(row.metadata, null, 2)}</pre>}
      </Fact>
    </dl>
  );
}
