import { Button } from '@react-spectrum/s2/Button';
import { ComboBox, ComboBoxItem } from '@react-spectrum/s2/ComboBox';
import { Form } from '@react-spectrum/s2/Form';
import { Text } from '@react-spectrum/s2/Text';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { Verdict } from './Verdict';
import { usePrincipals } from './principals';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { FormProblem } from '@/components/FormProblem';
import { Section, Sections } from '@/components/Section';
import { Effective } from '@/components/Effective';
import { roles as words } from '@/strings/en/roles';

const { explain } = words;

interface Props {
  who: string;
  needs: string;
  setState: (patch: { who?: string; needs?: string }) => void;
}

/** Whether somebody may do something, and why; beside it all that they may do. */
export default function Explain({ who, needs, setState }: Props) {
  const [text, setText] = useState(who);
  const [requires, setRequires] = useState(needs);
  const { found, isFetching } = usePrincipals(/^(usr|acct|key)_/.test(text) ? '' : text);
  const ask = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/permissions/explain', { body: { principal: who, requires } }),
    onDone: () => setState({ needs: requires }),
  });
  const [answer, setAnswer] = useState<Parameters<typeof Verdict>[0]['answer']>();
  const submit = async () => {
    setAnswer(undefined);
    try {
      setAnswer(await ask.runAsync(undefined));
    } catch {
      // The form says it.
    }
  };
  return (
    <Sections aside={who && <Section title={explain.effective}><Effective principal={who} /></Section>}>
      <Section title={explain.title} lead={explain.lead}>
        <Form
          validationErrors={ask.faults}
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}>
          <FormProblem error={ask.error} fields={['principal', 'requires']} />
          <ComboBox
            label={explain.who}
            description={explain.whoHelp}
            placeholder={explain.whoPlaceholder}
            name="principal"
            isRequired
            allowsCustomValue
            menuTrigger="focus"
            items={found}
            inputValue={text}
            loadingState={isFetching ? 'filtering' : 'idle'}
            onInputChange={(typed) => {
              setText(typed);
              if (/^(usr|acct|key)_[0-9a-z]{26}$/.test(typed.trim())) setState({ who: typed.trim() });
            }}
            selectedKey={null}
            onSelectionChange={(id) => {
              const one = found.find((other) => other.id === id);
              if (!one) return;
              setText(one.name);
              setAnswer(undefined);
              setState({ who: one.id });
            }}
            styles={style({ width: 'full' })}>
            {(one) => (
              <ComboBoxItem id={one.id} textValue={one.name}>
                <Text slot="label">{one.name}</Text>
                <Text slot="description">{`${words.holders.types[one.type] ?? one.type} · ${one.detail}`}</Text>
              </ComboBoxItem>
            )}
          </ComboBox>
          <TextField label={explain.requires} description={explain.requiresHelp} name="requires" isRequired value={requires} onChange={setRequires} autoComplete="off" spellCheck="false" />
          <div><Button type="submit" variant="accent" isPending={ask.isRunning} isDisabled={!who}>{explain.ask}</Button></div>
        </Form>
        {answer && <Verdict answer={answer} />}
      </Section>
    </Sections>
  );
}
