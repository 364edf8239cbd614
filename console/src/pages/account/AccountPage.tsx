import { SegmentedControl, SegmentedControlItem } from '@react-spectrum/s2/SegmentedControl';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { Profile } from './Profile';
import { Rights } from './Rights';
import { Section } from './Section';
import { Security } from './Security';
import { Sessions } from './Sessions';
import { query } from '@/api/client';
import { Page, PageHeader } from '@/components/PageHeader';
import { ErrorState, Loading } from '@/components/states';
import { setTheme, useTheme, type Theme } from '@/shell/theme';
import { account as words } from '@/strings/en/account';
import { shell } from '@/strings/en/shell';

function Appearance() {
  const theme = useTheme();
  return (
    <Section title={words.appearance} lead={words.appearanceLead}>
      <SegmentedControl aria-label={words.theme} selectedKey={theme} onSelectionChange={(next) => setTheme(next as Theme)} styles={style({ maxWidth: 'full' })}>
        <SegmentedControlItem id="light">{shell.theme.light}</SegmentedControlItem>
        <SegmentedControlItem id="dark">{shell.theme.dark}</SegmentedControlItem>
        <SegmentedControlItem id="system">{shell.theme.system}</SegmentedControlItem>
      </SegmentedControl>
    </Section>
  );
}

export default function AccountPage() {
  const me = query.useQuery('get', '/v1/me');
  if (me.isPending) return <Loading />;
  if (me.error) return <ErrorState error={me.error} retry={() => void me.refetch()} />;
  return (
    <Page>
      <PageHeader title={words.title} lead={words.lead} />
      <div className={style({ display: 'flex', flexDirection: 'column', gap: 20, maxWidth: 800 })}>
        <Profile key={me.data.version} me={me.data} />
        <Security me={me.data} />
        <Sessions />
        <Appearance />
        <Rights />
      </div>
    </Page>
  );
}
