import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { Block } from './Block';
import { StatusBadge } from '@/components/StatusBadge';
import { PlainTable } from '@/components/PlainTable';
import { Time } from '@/components/Time';
import type { KeyRow } from '@/pages/keys/actions';
import { keyPage as words } from '@/strings/en/key';

/** The secrets of a key, masked: the one that counts, those that still work, and those that have ended. */
export function Secrets({ row }: { row: KeyRow }) {
  const { display, status, created, ends } = words.secretColumns;
  return (
    <Block title={words.secrets} lead={words.secretsLead}>
      <PlainTable
        label={words.secrets}
        head={[display, status, created, ends]}
        rows={(row.secrets ?? []).map((one) => ({
          id: one.id,
          cells: [
            <code key="display" className={style({ font: 'code-sm', whiteSpace: 'nowrap' })}>{one.display}</code>,
            <StatusBadge key="status" status={one.status} />,
            <Time key="created" at={one.created_at} />,
            one.ends_at ? <Time key="ends" at={one.ends_at} /> : words.none,
          ],
        }))}
      />
    </Block>
  );
}
