import { SegmentedControl, SegmentedControlItem } from '@react-spectrum/s2/SegmentedControl';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { gateways, snippet, type Gateway } from './snippets';
import { CopyButton } from '@/components/CopyButton';
import { Section } from '@/components/Section';
import { apis } from '@/strings/en/apis';

const words = apis.gateways;

/** What a gateway needs to ask about this API, to copy. */
export function GatewayPanel({ slug }: { slug: string }) {
  const [gateway, setGateway] = useState<Gateway>('nginx');
  const [address, setAddress] = useState('127.0.0.1:7401');
  const text = snippet(gateway, slug, address);
  return (
    <Section title={words.title} lead={words.lead}>
      <div className={style({ overflowX: 'auto', minWidth: 0, paddingBottom: 4 })}>
        <SegmentedControl aria-label={words.which} selectedKey={gateway} onSelectionChange={(key) => setGateway(gateways.find((one) => one === key) ?? 'nginx')}>
          {gateways.map((one) => <SegmentedControlItem key={one} id={one}>{one}</SegmentedControlItem>)}
        </SegmentedControl>
      </div>
      {gateway !== 'Envoy' && (
        <TextField label={words.address} description={words.addressHelp} value={address} onChange={setAddress} autoComplete="off" spellCheck="false" styles={style({ width: { default: 'full', sm: 288 } })} />
      )}
      <div className={style({ display: 'flex', alignItems: 'start', gap: 8, padding: 12, backgroundColor: 'gray-75', borderRadius: 'lg', minWidth: 0 })}>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls is reached by keyboard */}
        <section tabIndex={0} aria-label={words.snippet(gateway)} className={style({ overflowX: 'auto', flexGrow: 1, minWidth: 0 })}>
          <pre className={style({ font: 'code-sm', margin: 0 })}>{text}</pre>
        </section>
        <CopyButton text={text} what={words.snippet(gateway)} size="M" />
      </div>
    </Section>
  );
}
