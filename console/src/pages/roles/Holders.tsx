import { Button } from '@react-spectrum/s2/Button';
import { ComboBox, ComboBoxItem } from '@react-spectrum/s2/ComboBox';
import { Link } from '@react-spectrum/s2/Link';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { Text } from '@react-spectrum/s2/Text';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { groups } from './catalogue';
import { pageOf, sourceText } from './sources';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import { catalogueOptions, useRoles } from '@/api/roles';
import type { components } from '@/api/schema';
import { Section } from '@/components/Section';
import { EmptyState, ErrorState, Loading } from '@/components/states';
import { lists } from '@/strings/en/lists';
import { roles as words } from '@/strings/en/roles';

type Holder = components['schemas']['PermissionHolder'];
const ANY = 'any';

function List({ permission, kind }: { permission: string; kind: string }) {
  const list = usePages<Holder>(['permissions', 'holders', permission, kind], ({ cursor, signal }) =>
    api.GET('/v1/permissions/holders', { params: { query: { permission, ...(kind && { kind }), limit: 100, cursor } }, signal }),
  );
  if (list.isPending) return <Loading />;
  if (list.error) return <ErrorState error={list.error} retry={list.refetch} />;
  return (
    <>
      {list.items.length === 0 && !list.hasMore && <p className={style({ font: 'ui', margin: 0 })}>{words.holders.none}</p>}
      <ul aria-label={words.holders.title} className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column' })}>
        {list.items.map((one) => {
          const href = pageOf(one);
          return (
            <li key={one.id} className={style({ display: 'grid', gridTemplateColumns: { default: ['minmax(0, 1fr)'], sm: ['minmax(0, 2fr)', 'minmax(0, 1fr)', 'minmax(0, 2fr)'] }, columnGap: 16, rowGap: 4, paddingY: 8, font: 'ui', borderStyle: 'solid', borderWidth: 0, borderBottomWidth: 1, borderColor: 'gray-200' })}>
              <span>{href ? <Link href={href}><span className="name">{one.name}</span></Link> : <span className="name">{one.name}</span>}</span>
              <span className={style({ color: 'neutral-subdued' })}>{words.holders.types[one.type] ?? one.type}</span>
              <span className={`name ${style({ color: 'neutral-subdued' })}`}>{one.sources.map(sourceText).join('; ')}</span>
            </li>
          );
        })}
      </ul>
      {list.hasMore && <div><Button variant="secondary" isPending={list.isLoadingMore} onPress={list.loadMore}>{lists.more}</Button></div>}
    </>
  );
}

interface Props {
  permission: string;
  kind: string;
  setState: (patch: { permission?: string; kind?: string }) => void;
}

/** Who holds a permission in the end, and by what. */
export default function Holders({ permission, kind, setState }: Props) {
  const catalogue = useQuery(catalogueOptions);
  const granted = useRoles().flatMap((role) => role.permissions);
  const [text, setText] = useState(permission);
  const known = catalogue.data ? groups(catalogue.data, granted).flatMap((group) => group.permissions) : [];
  const wanted = text.trim().toLowerCase();
  const offered = text === permission ? known : known.filter((one) => `${one.name} ${one.description}`.toLowerCase().includes(wanted));
  return (
    <Section title={words.holders.title} lead={words.holders.lead}>
      <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: 8 })}>
        <ComboBox
          label={words.holders.permission}
          items={offered}
          inputValue={text}
          allowsCustomValue
          menuTrigger="focus"
          onInputChange={(typed) => {
            setText(typed);
            if (typed === '') setState({ permission: '' });
          }}
          selectedKey={null}
          onSelectionChange={(name) => {
            const next = name === null ? wanted : String(name);
            setText(next);
            setState({ permission: next });
          }}
          styles={style({ width: { default: 'full', sm: 320 } })}>
          {(one) => (
            <ComboBoxItem id={one.name} textValue={one.name} aria-label={one.name}>
              <Text slot="label">{one.name}</Text>
              <Text slot="description">{one.description}</Text>
            </ComboBoxItem>
          )}
        </ComboBox>
        <Picker label={words.holders.kind} value={kind || ANY} onChange={(next) => setState({ kind: next === ANY ? '' : String(next) })} styles={style({ width: 176 })}>
          {Object.entries(words.holders.kinds).map(([id, name]) => <PickerItem key={id} id={id}>{name}</PickerItem>)}
        </Picker>
      </div>
      {permission ? <List permission={permission} kind={kind} /> : <EmptyState title={words.holders.askTitle}>{words.holders.ask}</EmptyState>}
    </Section>
  );
}
