import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Form } from '@react-spectrum/s2/Form';
import { Radio, RadioGroup } from '@react-spectrum/s2/RadioGroup';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { StepFrame } from './StepFrame';
import type { StepProps } from './WelcomePage';
import { api, query } from '@/api/client';
import { ErrorState, Loading } from '@/components/states';
import { PreviewDialog } from '@/pages/policy/PreviewDialog';
import { firstRun as words } from '@/strings/en/firstRun';
import { policy } from '@/strings/en/policy';

/** The policy to begin with; what it would touch is shown before. */
export function PresetStep({ steps, onNext }: StepProps) {
  const presets = query.useQuery('get', '/v1/policy/presets');
  const [chosen, setChosen] = useState<string>();
  const [isApplying, setApplying] = useState(false);
  const items = presets.data?.items ?? [];
  const inUse = items.find((one) => one.in_use && one.differences === 0)?.name;
  const preset = items.find((one) => one.name === (chosen ?? inUse));
  return (
    <StepFrame step="preset" steps={steps} title={words.preset.title} lead={words.preset.lead}>
      {presets.isPending && <Loading />}
      {presets.error && <ErrorState error={presets.error} retry={() => void presets.refetch()} />}
      <Form
        size="L"
        onSubmit={(event) => {
          event.preventDefault();
          if (!preset || preset.name === inUse) onNext();
          else setApplying(true);
        }}>
        {presets.data && (
          <RadioGroup aria-label={words.preset.label} value={preset?.name ?? null} onChange={setChosen}>
            {items.map((one) => <Radio key={one.name} value={one.name}>{one.title}</Radio>)}
          </RadioGroup>
        )}
        <output className={style({ display: 'block', font: 'ui-sm', color: 'neutral-subdued', margin: 0, minHeight: 64 })}>{preset?.about}</output>
        <ButtonGroup>
          <Button variant="secondary" size="L" onPress={onNext}>{words.skip}</Button>
          <Button type="submit" variant="accent" size="L" isDisabled={!presets.data}>{words.goOn}</Button>
        </ButtonGroup>
      </Form>
      {isApplying && preset && (
        <PreviewDialog
          title={policy.preview.applyTitle(preset.title)}
          confirm={policy.preview.apply}
          call={(asked) => api.POST('/v1/policy/presets/{name}/apply', { params: { path: { name: preset.name }, query: asked } })}
          onDone={onNext}
          onClose={() => setApplying(false)}
        />
      )}
    </StepFrame>
  );
}
