import { Button } from '@react-spectrum/s2/Button';
import { Checkbox } from '@react-spectrum/s2/Checkbox';
import { Form } from '@react-spectrum/s2/Form';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { CopyButton } from './CopyButton';
import { download } from './download';
import { FormProblem } from './FormProblem';
import { ErrorState, Loading } from './states';
import { factor } from '@/strings/en/signIn';

/** Recovery codes, shown this once; goes on only after they are stored. */
export function RecoveryCodes({ codes, onDone, done = factor.done }: { codes: readonly string[]; onDone: () => void; done?: string }) {
  const [kept, setKept] = useState(false);
  const text = codes.join('\n');
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 16 })}>
      <ul
        aria-label={factor.codes}
        className={style({ font: 'code-sm', listStyleType: 'none', margin: 0, padding: 16, display: 'grid', gridTemplateColumns: { default: ['1fr'], sm: ['1fr', '1fr'] }, gap: 8, backgroundColor: 'gray-75', borderRadius: 'lg' })}>
        {codes.map((code) => <li key={code}>{code}</li>)}
      </ul>
      <div className={style({ display: 'flex', gap: 8, alignItems: 'center' })}>
        <Button variant="secondary" onPress={() => download(factor.file, `${text}\n`)}>{factor.download}</Button>
        <CopyButton text={text} what={factor.codes} size="M" />
      </div>
      <Checkbox isSelected={kept} onChange={setKept}>{factor.kept}</Checkbox>
      <Button variant="accent" isDisabled={!kept} onPress={onDone}>{done}</Button>
    </div>
  );
}

/** A second factor: the picture to scan, the code that proves it was, then the recovery codes. */
export function FactorSetup({ onCodes, onLater }: { onCodes: (codes: string[]) => void; onLater?: () => void }) {
  const [code, setCode] = useState('');
  // A draft is made once for each visit, and never kept beyond it.
  const draft = useQuery({
    queryKey: ['factor-draft'],
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    queryFn: async () => {
      const { data, error } = await api.POST('/v1/me/totp');
      if (!data) throw error;
      return data;
    },
  });
  const confirm = useAction({
    saysFaults: true,
    call: (digits: string) => api.POST('/v1/me/totp/confirm', { body: { code: digits } }),
    touches: [['session'], ['get', '/v1/me']],
    onDone: (data) => onCodes(data.recovery_codes),
  });
  if (draft.isPending) return <Loading />;
  if (draft.error) return <ErrorState error={draft.error} retry={() => void draft.refetch()} />;
  const type = (text: string) => {
    const digits = text.replace(/\D/g, '').slice(0, 6);
    setCode(digits);
    if (digits.length === 6 && digits !== code) confirm.run(digits);
  };
  return (
    <Form
      size="L"
      validationErrors={confirm.faults}
      onSubmit={(event) => {
        event.preventDefault();
        confirm.run(code);
      }}>
      <div className={style({ display: 'flex', justifyContent: 'center', padding: 12, backgroundColor: 'white', borderRadius: 'lg', borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200' })}>
        <img alt={factor.qr} src={`data:image/svg+xml,${encodeURIComponent(draft.data.qr_svg)}`} width={184} height={184} />
      </div>
      <div className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>
        {factor.manual}
        <div className={style({ display: 'flex', alignItems: 'center', gap: 4 })}>
          <code className={style({ font: 'code-sm', wordBreak: 'break-all' })}>{draft.data.secret}</code>
          <CopyButton text={draft.data.secret} what={factor.manual} />
        </div>
      </div>
      <FormProblem error={confirm.error} fields={['code']} />
      <TextField label={factor.code} name="code" inputMode="numeric" autoComplete="one-time-code" isRequired autoFocus value={code} onChange={type} />
      {/* No ButtonGroup: in a dialog it would be taken for the dialog's own. */}
      <div className={style({ display: 'flex', flexWrap: 'wrap', gap: 12 })}>
        {onLater && <Button variant="secondary" size="L" onPress={onLater}>{factor.later}</Button>}
        <Button type="submit" variant="accent" size="L" isPending={confirm.isRunning}>{factor.turnOn}</Button>
      </div>
    </Form>
  );
}
