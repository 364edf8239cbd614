import { LinkButton } from '@react-spectrum/s2/LinkButton';
import type { ReactNode } from 'react';
import { AuthFrame } from '@/components/AuthFrame';
import { welcome } from '@/strings/en/signIn';

/** A link that was used, or whose time has passed. */
export function Gone({ children }: { children: ReactNode }) {
  return (
    <AuthFrame title={welcome.goneTitle} lead={children}>
      <LinkButton href="/sign-in" variant="secondary" size="L">{welcome.toSignIn}</LinkButton>
    </AuthFrame>
  );
}
