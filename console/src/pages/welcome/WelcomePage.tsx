import { useQuery } from '@tanstack/react-query';
import { Navigate, useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { FactorStep } from './FactorStep';
import type { Made } from './firstKey';
import { KeyStep } from './KeyStep';
import { LiveStep } from './LiveStep';
import { OrganisationStep } from './OrganisationStep';
import { PresetStep } from './PresetStep';
import { stepAt, stepsFor, type Step } from './steps';
import { keepStep, keptStep, useFresh } from '@/api/firstRun';
import { may, sessionOptions, type OwnSession } from '@/api/session';
import { useQueryTexts } from '@/app/router';
import { ErrorState, Loading } from '@/components/states';

export interface StepProps {
  session: OwnSession;
  steps: readonly Step[];
  onNext: () => void;
}

/** The steps are those of the moment at which the page was opened: the first key makes the organisation no less new on the way. */
function Steps({ session, isFresh }: { session: OwnSession; isFresh: boolean }) {
  const router = useRouter();
  const { step: named, key } = useQueryTexts();
  const [steps] = useState(() => stepsFor(session, isFresh));
  const [made, setMade] = useState<Made>();
  const todo = steps.filter((one) => one !== 'factor' || !session.user.second_factor || named === 'factor');
  const step = stepAt(steps.length > 1 && todo.length > 0 ? todo : steps, named, keptStep());
  useEffect(() => {
    if (isFresh && step) keepStep(step);
  }, [isFresh, step]);

  const leave = () => {
    keepStep(undefined);
    void router.navigate({ href: '/', replace: true });
  };
  const next = () => {
    const following = step && steps[steps.indexOf(step) + 1];
    if (following) void router.navigate({ href: `/welcome?step=${following}` });
    else leave();
  };
  if (made ?? key) return <LiveStep steps={steps.includes('key') ? steps : ['key']} id={made?.id ?? key ?? ''} secret={made?.secret} onDone={leave} />;
  const props = { session, steps, onNext: next };
  if (step === 'factor') return <FactorStep {...props} />;
  if (step === 'organisation') return <OrganisationStep {...props} />;
  if (step === 'preset') return <PresetStep {...props} />;
  if (step === 'key') {
    const onMade = (one: Made) => {
      setMade(one);
      // The key's id, so that the page can be opened again; its secret stays out of every address.
      void router.navigate({ href: `/welcome?step=key&key=${one.id}`, replace: true });
    };
    return <KeyStep {...props} onMade={onMade} />;
  }
  return <Navigate to="/" replace />;
}

/** Right after an account was made: a second factor; and, in a fresh installation, all that is needed until a key works. */
export default function WelcomePage() {
  const session = useQuery(sessionOptions);
  const isWanted = session.data ? may(session.data, 'claviger:keys.create') && may(session.data, 'claviger:keys.read') : false;
  const fresh = useFresh(isWanted);
  if (session.isPending || (isWanted && fresh === undefined)) return <Loading />;
  if (session.error) return <ErrorState error={session.error} retry={() => void session.refetch()} />;
  if (!session.data) return <Navigate to="/sign-in" replace />;
  return <Steps session={session.data} isFresh={fresh ?? false} />;
}
