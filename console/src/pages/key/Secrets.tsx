import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { Block } from './Block';
import { StatusBadge } from '@/components/StatusBadge';
import { PlainTable } from '@/components/PlainTable';
import { Time } from '@/components/Time';
import type { KeyRow } from '@/pages/keys/actions';
import { keyPage as words } from '@/strings/en/key';

/** When and from where a secret was used last: a replaced one that still is used stands in some program. */
function Used({ last_used_at: at, last_used_ip: ip }: Pick<KeyRow, 'last_used_at' | 'last_used_ip'>) {
  if (!at) return words.none;
  return (
    <span className={style({ display: 'flex', flexDirection: 'column' })}>
      <Time at={at} />
      {ip && <span className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{words.from(ip)}</span>}
    </span>
  );
}

/** The secrets of a key, masked: the one that counts, those that still work, and those that have ended. */
export function Secrets({ row }: { row: KeyRow }) {
  const { display, status, created, ends, used } = words.secretColumns;
  return (
    <Block title={words.secrets} lead={words.secretsLead}>
      <PlainTable
        label={words.secrets}
        head={[display, status, created, ends, used]}
        rows={(row.secrets ?? []).map((one) => ({
          id: one.id,
          cells: [
            <code key="display" className={style({ font: 'code-sm', whiteSpace: 'nowrap' })}>{one.display}</code>,
            <StatusBadge key="status" status={one.status} />,
            <Time key="created" at={one.created_at} />,
            one.ends_at ? <Time key="ends" at={one.ends_at} /> : words.none,
            <Used key="used" {...(one.status === 'current' ? row : one)} />,
          ],
        }))}
      />
    </Block>
  );
}
