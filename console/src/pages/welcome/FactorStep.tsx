import { useState } from 'react';
import { StepFrame } from './StepFrame';
import type { StepProps } from './WelcomePage';
import { FactorSetup, RecoveryCodes } from '@/components/FactorSetup';
import { firstRun } from '@/strings/en/firstRun';
import { factor } from '@/strings/en/signIn';

/** A second factor, if one wants it now. */
export function FactorStep({ steps, onNext }: StepProps) {
  const [codes, setCodes] = useState<string[]>();
  if (codes) {
    return (
      <StepFrame step="factor" steps={steps} title={factor.codesTitle} lead={factor.codesLead}>
        <RecoveryCodes codes={codes} onDone={onNext} done={steps.length > 1 ? firstRun.goOn : factor.done} />
      </StepFrame>
    );
  }
  return (
    <StepFrame step="factor" steps={steps} title={factor.title} lead={factor.lead}>
      <FactorSetup onCodes={setCodes} onLater={onNext} />
    </StepFrame>
  );
}
