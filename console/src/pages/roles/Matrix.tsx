import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Checkmark from '@react-spectrum/s2/icons/Checkmark';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-aria-components/Link';
import { useState } from 'react';
import { groups } from './catalogue';
import { grantedBy } from './patterns';
import { catalogueOptions, rolesOptions, type Role } from '@/api/roles';
import { Section } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { roles as words } from '@/strings/en/roles';

/** As many columns as can be read beside one another. */
const FIRST = 10;

const cell = style({ borderStyle: 'solid', borderWidth: 0, borderBottomWidth: 1, borderColor: 'gray-200', paddingX: 8, paddingY: 8, font: 'ui-sm', textAlign: 'center', verticalAlign: 'middle' });
const head = style({
  position: 'sticky',
  insetStart: 0,
  top: { isCorner: 0 },
  zIndex: { default: 1, isCorner: 3 },
  backgroundColor: 'base',
  textAlign: 'start',
  borderStyle: 'solid',
  borderWidth: 0,
  borderBottomWidth: 1,
  borderColor: 'gray-200',
  paddingStart: 0,
  paddingEnd: 12,
  paddingTop: { default: 8, isGroup: 20 },
  paddingBottom: 8,
  font: 'ui-sm',
  fontWeight: { default: 'normal', isGroup: 'bold', isCorner: 'medium' },
  minWidth: { default: 144, sm: 256 },
});
const column = style({ position: 'sticky', top: 0, zIndex: 2, backgroundColor: 'base', borderStyle: 'solid', borderWidth: 0, borderBottomWidth: 1, borderColor: 'gray-200', paddingX: 8, paddingY: 8, font: 'ui-sm', fontWeight: 'medium', textAlign: 'center', minWidth: 96, maxWidth: 144 });

function Granted({ role, permission }: { role: Role; permission: string }) {
  const by = grantedBy(role.permissions, permission);
  if (by === undefined) return <span className={style({ color: 'neutral-subdued' })}><span aria-hidden="true">·</span><span className="spoken">{words.matrix.no}</span></span>;
  if (by !== permission) return <code className={style({ font: 'code-xs', color: 'green-1000', whiteSpace: 'nowrap', backgroundColor: 'gray-100', borderRadius: 'sm', paddingX: 4, paddingY: 2 })} title={words.by(by)}>{by}</code>;
  return (
    <span className={style({ color: 'green-1000', '--iconPrimary': { type: 'fill', value: 'currentColor' } })}>
      <Checkmark aria-label={words.matrix.yes} />
    </span>
  );
}

/** Roles × permissions; a wildcard stands where it grants. */
export default function Matrix() {
  const catalogue = useQuery(catalogueOptions);
  const all = useQuery(rolesOptions);
  const [chosen, setChosen] = useState<string[]>();
  if (catalogue.isPending || all.isPending) return <Loading />;
  const error = catalogue.error ?? all.error;
  if (error || !catalogue.data || !all.data) return <ErrorState error={error} retry={() => void Promise.all([catalogue.refetch(), all.refetch()])} />;
  const ids = chosen ?? all.data.toSorted((a, b) => Number(b.builtin) - Number(a.builtin)).slice(0, FIRST).map((role) => role.id);
  const shown = all.data.filter((role) => ids.includes(role.id)).toSorted((a, b) => Number(b.builtin) - Number(a.builtin));
  const rows = groups(catalogue.data, all.data.flatMap((role) => role.permissions));
  return (
    <Section
      title={words.matrix.title}
      lead={words.matrix.lead}
      actions={
        <Picker
          aria-label={words.matrix.roles}
          selectionMode="multiple"
          items={all.data}
          value={ids}
          onChange={(next) => setChosen(next.map(String))}
          renderValue={(some) => `${words.matrix.roles} (${some.length})`}
          styles={style({ width: 192 })}>
          {(role) => <PickerItem id={role.id}>{role.name}</PickerItem>}
        </Picker>
      }>
      {shown.length === 0 ? (
        <p className={style({ font: 'ui', margin: 0 })}>{words.matrix.empty}</p>
      ) : (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls is reached by keyboard
        <section aria-label={words.matrix.title} tabIndex={0} className={style({ overflow: 'auto', maxHeight: '[70vh]', minWidth: 0 })}>
          <table className={style({ borderCollapse: 'separate', borderSpacing: 0, width: 'full' })}>
            <thead>
              <tr>
                <th scope="col" className={head({ isCorner: true })}>{words.matrix.permission}</th>
                {shown.map((role) => (
                  <th key={role.id} scope="col" className={column}>
                    <Link href={`/roles/${role.id}`} className={`name ${style({ color: 'neutral' })}`}>{role.name}</Link>
                  </th>
                ))}
              </tr>
            </thead>
            {rows.map((group) => (
              <tbody key={group.id}>
                <tr>
                  <th scope="rowgroup" colSpan={shown.length + 1} className={head({ isGroup: true })}>{group.name}</th>
                </tr>
                {group.permissions.map((permission) => (
                  <tr key={permission.name}>
                    <th scope="row" className={head({})}>
                      <span className="name">{permission.description || permission.name}</span>
                      {permission.description && <span className={`name ${style({ font: 'code-xs', color: 'neutral-subdued', display: 'block' })}`}>{permission.name}</span>}
                    </th>
                    {shown.map((role) => <td key={role.id} className={cell}><Granted role={role} permission={permission.name} /></td>)}
                  </tr>
                ))}
              </tbody>
            ))}
          </table>
        </section>
      )}
    </Section>
  );
}
