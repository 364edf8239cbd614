import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { InlineAlert } from '@react-spectrum/s2/InlineAlert';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { ReactNode } from 'react';
import { instant, relative } from '@/components/format';
import type { KeyRow } from '@/pages/keys/actions';
import { keyPage as words } from '@/strings/en/key';

export function Note({ variant, title, children }: { variant: 'negative' | 'notice' | 'neutral'; title: string; children: ReactNode }) {
  return (
    <div className={style({ marginBottom: 20 })}>
      <InlineAlert variant={variant} fillStyle="border" styles={style({ width: 'full' })}>
        <Heading>{title}</Heading>
        <Content>{children}</Content>
      </InlineAlert>
    </div>
  );
}

/** What whoever opens the key should know first. */
export function Banner({ row }: { row: KeyRow }) {
  const retiring = row.secrets?.find((one) => one.status === 'retiring');
  if (row.revoked) {
    const { at, by, reason } = row.revoked;
    return <Note variant="negative" title={words.revokedTitle(by.name)}><span className="name">{[instant(at), reason].filter(Boolean).join(': ')}</span></Note>;
  }
  if (retiring?.ends_at) return <Note variant="notice" title={words.retiring}>{words.retiringText(relative(retiring.ends_at))}</Note>;
  if (row.status === 'disabled') return <Note variant="neutral" title={words.disabledTitle}>{words.disabledText}</Note>;
  if (row.status === 'expiring_soon' && row.expires_at) return <Note variant="notice" title={words.expiringTitle}>{words.expiringText(relative(row.expires_at))}</Note>;
  return null;
}
