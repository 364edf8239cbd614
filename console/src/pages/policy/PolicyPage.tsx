import { Button } from '@react-spectrum/s2/Button';
import { Tab, TabList, TabPanel, Tabs } from '@react-spectrum/s2/Tabs';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { History } from './History';
import { Presets } from './Presets';
import { Settings } from './Settings';
import { query } from '@/api/client';
import { useMay } from '@/api/session';
import { Page, PageHeader } from '@/components/PageHeader';
import { ErrorState, Loading } from '@/components/states';
import { useUrlState } from '@/hooks/useUrlState';
import { policy as words } from '@/strings/en/policy';

/** The policy beside the preset that it goes back to. */
function SettingsTab({ isEditing, onDone }: { isEditing: boolean; onDone: () => void }) {
  const policy = query.useQuery('get', '/v1/policy');
  const presets = query.useQuery('get', '/v1/policy/presets');
  const inUse = presets.data?.items.find((one) => one.in_use);
  const preset = query.useQuery('get', '/v1/policy/presets/{name}', { params: { path: { name: inUse?.name ?? '' } } }, { enabled: inUse !== undefined });
  if (policy.error) return <ErrorState error={policy.error} retry={() => void policy.refetch()} />;
  // All at once, so that nothing moves when the preset comes.
  if (policy.isPending || presets.isPending || (inUse && preset.isPending)) return <Loading />;
  const known = preset.data && { title: preset.data.title, changes: preset.data.changes as Record<string, { before?: unknown; after?: unknown }> };
  return <Settings policy={policy.data} preset={known} isEditing={isEditing} onDone={onDone} />;
}

export default function PolicyPage() {
  const may = useMay();
  const [state, setState] = useUrlState({ tab: 'settings', preset: '' });
  const [isEditing, setEditing] = useState(false);
  const mayEdit = may('claviger:policy.manage');
  const actions = mayEdit && state.tab === 'settings' && !isEditing && <Button variant="accent" onPress={() => setEditing(true)}>{words.edit}</Button>;
  return (
    <Page>
      <PageHeader title={words.title} lead={mayEdit ? words.lead : `${words.lead} ${words.readOnly}`} actions={actions} />
      <Tabs aria-label={words.title} selectedKey={state.tab} onSelectionChange={(tab) => setState({ tab: String(tab), preset: '' })} styles={style({ width: 'full' })}>
        <TabList>
          <Tab id="settings">{words.tabs.settings}</Tab>
          <Tab id="presets">{words.tabs.presets}</Tab>
          <Tab id="history">{words.tabs.history}</Tab>
        </TabList>
        <TabPanel id="settings"><SettingsTab isEditing={isEditing && mayEdit} onDone={() => setEditing(false)} /></TabPanel>
        <TabPanel id="presets"><Presets name={state.preset} onOpen={(preset) => setState({ preset })} /></TabPanel>
        <TabPanel id="history"><History /></TabPanel>
      </Tabs>
    </Page>
  );
}
