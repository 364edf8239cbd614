import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Button } from '@react-spectrum/s2/Button';
import { Text } from '@react-spectrum/s2/Text';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Upload from '@react-spectrum/s2/icons/Upload';
import { useRouter } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { AccountDialog, AccountMenu, type Account, type Asked } from './actions';
import { AccountForm } from './AccountForm';
import { columns } from './columns';
import { Filters, defaults, isFiltered, useAccounts } from './filters';
import { useMay } from '@/api/session';
import { ListTable } from '@/components/ListTable';
import { Page, PageHeader } from '@/components/PageHeader';
import { EmptyState, NothingFound } from '@/components/states';
import { useUrlState } from '@/hooks/useUrlState';
import { accounts as words } from '@/strings/en/accounts';
import { lists } from '@/strings/en/lists';

const AccountImport = lazy(() => import('./AccountImport'));

export default function AccountsPage() {
  const may = useMay();
  const router = useRouter();
  const [state, setState] = useUrlState(defaults);
  const list = useAccounts(state);
  const [asked, setAsked] = useState<{ what: Asked; account: Account }>();
  const [making, setMaking] = useState<'one' | 'many'>();
  const create = may('claviger:accounts.manage') && <Button variant="accent" onPress={() => setMaking('one')}>{words.create}</Button>;

  return (
    <Page fill>
      <PageHeader
        title={words.title}
        lead={words.lead}
        actions={
          <>
            {may('claviger:accounts.manage') && (
              <ActionButton onPress={() => setMaking('many')}>
                <Upload />
                <Text>{words.import}</Text>
              </ActionButton>
            )}
            {create}
          </>
        }
      />
      <div className={style({ marginBottom: 12 })}>
        <Filters state={state} setState={setState} />
      </div>
      <ListTable
        label={words.table}
        columns={columns}
        list={list}
        nameOf={(account) => account.name}
        href={(account) => `/service-accounts/${account.id}`}
        renderMenu={(account) => <AccountMenu isRow account={account} onAsk={(what) => setAsked({ what, account })} />}
        sort={state.sort}
        onSort={(sort) => setState({ sort })}
        words={words.nouns}
        nothing={
          isFiltered(state) ? (
            <NothingFound title={words.nothingTitle} actions={<ActionButton onPress={() => setState({ ...defaults, sort: state.sort })}>{lists.clear}</ActionButton>}>
              {words.nothing}
            </NothingFound>
          ) : (
            <EmptyState title={words.emptyTitle} actions={create}>{words.empty}</EmptyState>
          )
        }
      />
      {asked && <AccountDialog asked={asked.what} account={asked.account} onClose={() => setAsked(undefined)} />}
      {making === 'one' && <AccountForm onClose={() => setMaking(undefined)} onDone={(account) => void router.navigate({ href: `/service-accounts/${account.id}` })} />}
      <Suspense>{making === 'many' && <AccountImport onClose={() => setMaking(undefined)} />}</Suspense>
    </Page>
  );
}
