import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Form } from '@react-spectrum/s2/Form';
import { TextField } from '@react-spectrum/s2/TextField';
import { useState } from 'react';
import { StepFrame } from './StepFrame';
import type { StepProps } from './WelcomePage';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { FormProblem } from '@/components/FormProblem';
import { firstRun as words } from '@/strings/en/firstRun';

/** What the organisation is called. */
export function OrganisationStep({ session, steps, onNext }: StepProps) {
  const { id, name: known } = session.organisation;
  const [name, setName] = useState(known);
  const rename = useAction({
    saysFaults: true,
    call: (next: string) => api.PATCH('/v1/organisations/{id}', { params: { path: { id } }, body: { name: next } }),
    touches: [['session'], ['organisations']],
    onDone: onNext,
  });
  return (
    <StepFrame step="organisation" steps={steps} title={words.organisation.title} lead={words.organisation.lead}>
      <Form
        size="L"
        validationErrors={rename.faults}
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === known) onNext();
          else rename.run(name.trim());
        }}>
        <FormProblem error={rename.error} fields={['name']} />
        <TextField label={words.organisation.name} name="name" autoComplete="organization" isRequired autoFocus value={name} onChange={setName} />
        <ButtonGroup>
          <Button variant="secondary" size="L" onPress={onNext}>{words.skip}</Button>
          <Button type="submit" variant="accent" size="L" isPending={rename.isRunning}>{words.goOn}</Button>
        </ButtonGroup>
      </Form>
    </StepFrame>
  );
}
