import { Badge } from '@react-spectrum/s2/Badge';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { InlineAlert } from '@react-spectrum/s2/InlineAlert';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { standing, type Node, type Standing } from './standing';
import { query } from '@/api/client';
import { count } from '@/components/format';
import { Page, PageHeader } from '@/components/PageHeader';
import { PlainTable } from '@/components/PlainTable';
import { ErrorState, Loading } from '@/components/states';
import { Time } from '@/components/Time';
import { nodes as words } from '@/strings/en/nodes';

/** So often it is asked how they stand, in milliseconds. */
const OFTEN = 2_000;

const variants = { active: 'positive', behind: 'notice', late: 'negative' } as const satisfies Record<Standing, string>;

function Notice({ title, text, variant }: { title: string; text: string; variant: 'notice' | 'informative' }) {
  return (
    <InlineAlert variant={variant} fillStyle="border" styles={style({ width: 'full', marginBottom: 20 })}>
      <Heading>{title}</Heading>
      <Content>{text}</Content>
    </InlineAlert>
  );
}

function cells(node: Node, all: readonly Node[]) {
  const state = standing(node, all);
  return [
    <span key="name" className={`name ${style({ display: 'block', fontWeight: 'medium', minWidth: 176 })}`}>
      {node.name}
      {node.this && <span className={style({ color: 'neutral-subdued', fontWeight: 'normal' })}>{` · ${words.here}`}</span>}
    </span>,
    <span key="state" className={style({ display: 'inline-flex', whiteSpace: 'nowrap' })}><Badge variant={variants[state]} fillStyle="subtle" size="S">{words.states[state]}</Badge></span>,
    node.version,
    <Time key="since" at={node.joined_at} />,
    <Time key="renewed" at={node.renewed_at} />,
    node.lease_ms === null ? words.none : words.seconds(node.lease_ms),
    node.stale_ms === null ? words.none : words.seconds(node.stale_ms),
    count(node.behind),
  ];
}

export default function NodesPage() {
  const { data, error, refetch } = query.useQuery('get', '/v1/nodes', {}, { refetchInterval: OFTEN });
  const all = data?.items ?? [];
  const { name, state, version, since, renewed, lease, stale, behind } = words.columns;
  return (
    <Page>
      <PageHeader title={words.title} lead={words.lead} />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading />
      ) : (
        <>
          {all.some((node) => standing(node, all) === 'late') && <Notice variant="notice" title={words.lateTitle} text={words.lateText} />}
          {new Set(all.map((node) => node.version)).size > 1 && <Notice variant="informative" title={words.mixedTitle} text={words.mixedText} />}
          <PlainTable
            label={words.table}
            head={[name, state, version, since, renewed, lease, stale, behind]}
            rows={all.map((node) => ({ id: node.id ?? node.name, cells: cells(node, all) }))}
          />
          {all.some((node) => node.lease_ms === null) && <p className={style({ font: 'ui-sm', color: 'neutral-subdued', marginTop: 12 })}>{words.aloneText}</p>}
        </>
      )}
    </Page>
  );
}
