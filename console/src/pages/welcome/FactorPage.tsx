import { useQuery } from '@tanstack/react-query';
import { Navigate, useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { sessionOptions } from '@/api/session';
import { AuthFrame } from '@/components/AuthFrame';
import { FactorSetup, RecoveryCodes } from '@/components/FactorSetup';
import { ErrorState, Loading } from '@/components/states';
import { factor } from '@/strings/en/signIn';

/** Right after an account was made: a second factor, if one wants it now. */
export default function FactorPage() {
  const router = useRouter();
  const session = useQuery(sessionOptions);
  const [codes, setCodes] = useState<string[]>();
  const goOn = () => void router.navigate({ href: '/', replace: true });
  if (session.isPending) return <Loading />;
  if (session.error) return <ErrorState error={session.error} retry={() => void session.refetch()} />;
  if (!session.data) return <Navigate to="/sign-in" replace />;
  if (codes) {
    return (
      <AuthFrame title={factor.codesTitle} lead={factor.codesLead}>
        <RecoveryCodes codes={codes} onDone={goOn} />
      </AuthFrame>
    );
  }
  if (session.data.user.second_factor) return <Navigate to="/" replace />;
  return (
    <AuthFrame title={factor.title} lead={factor.lead}>
      <FactorSetup onCodes={setCodes} onLater={goOn} />
    </AuthFrame>
  );
}
