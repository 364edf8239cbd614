import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Form } from '@react-spectrum/s2/Form';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { TextField } from '@react-spectrum/s2/TextField';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { endsFor, makeFirstKey, ownerKind, type FirstKey, type Made } from './firstKey';
import { StepFrame } from './StepFrame';
import type { StepProps } from './WelcomePage';
import { query } from '@/api/client';
import { faultsByField } from '@/api/problem';
import { FormProblem } from '@/components/FormProblem';
import { ErrorState, Loading } from '@/components/states';
import { firstRun } from '@/strings/en/firstRun';

const words = firstRun.key;

/** The first key; asks no more than the policy wants. */
export function KeyStep({ session, steps, onNext, onMade }: StepProps & { onMade: (key: Made) => void }) {
  const queries = useQueryClient();
  const form = query.useQuery('get', '/v1/policy/form');
  const policy = query.useQuery('get', '/v1/policy');
  const [wish, setWish] = useState<FirstKey>({ name: '', account: '', accountEmail: '', level: '', ends: '' });
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const set = (patch: Partial<FirstKey>) => setWish((before) => ({ ...before, ...patch }));

  const frame = { step: 'key' as const, steps, title: words.title, lead: words.lead };
  if (form.isPending || policy.isPending) return <StepFrame {...frame}><Loading /></StepFrame>;
  if (form.error) return <StepFrame {...frame}><ErrorState error={form.error} retry={() => void form.refetch()} /></StepFrame>;

  const ends = endsFor(form.data, Object.keys(words.ends)).map((id) => ({ id, name: words.ends[id] ?? id }));
  const end = wish.ends || ends[0]?.id || 'never';
  const isAccount = ownerKind(form.data) === 'service_account';
  const levels = form.data.grants === 'levels' ? form.data.levels : [];
  const needsEmail = isAccount && policy.data?.accounts?.email === 'required_unique';
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const made = await makeFirstKey(form.data, session, { ...wish, ends: end });
      void queries.invalidateQueries({ queryKey: ['keys'] });
      onMade(made);
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <StepFrame {...frame}>
      <Form
        size="L"
        validationErrors={faultsByField(error)}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}>
        <FormProblem error={error} fields={['name']} />
        <TextField label={words.name} description={words.nameHelp} name="name" isRequired autoFocus autoComplete="off" value={wish.name} onChange={(name) => set({ name })} />
        {isAccount && <TextField label={words.account} description={words.accountHelp} name="account" isRequired autoComplete="off" value={wish.account} onChange={(account) => set({ account })} />}
        {needsEmail && <TextField label={words.accountEmail} name="email" type="email" isRequired autoComplete="off" value={wish.accountEmail} onChange={(accountEmail) => set({ accountEmail })} />}
        {levels.length > 0 && (
          <Picker label={words.level} name="level" isRequired items={levels} value={wish.level || null} onChange={(level) => set({ level: String(level) })}>
            {(one) => <PickerItem id={one.id}>{one.name}</PickerItem>}
          </Picker>
        )}
        {ends.length > 0 && (
          <Picker label={words.expiry} items={ends} value={end} description={end === 'never' ? words.neverWarning : undefined} onChange={(chosen) => set({ ends: String(chosen) })}>
            {(one) => <PickerItem id={one.id}>{one.name}</PickerItem>}
          </Picker>
        )}
        <ButtonGroup>
          <Button variant="secondary" size="L" onPress={onNext}>{firstRun.skip}</Button>
          <Button type="submit" variant="accent" size="L" isPending={busy}>{words.create}</Button>
        </ButtonGroup>
      </Form>
    </StepFrame>
  );
}
