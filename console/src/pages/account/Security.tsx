import { Badge } from '@react-spectrum/s2/Badge';
import { Button } from '@react-spectrum/s2/Button';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { NewCodesDialog, TurnOffDialog, TurnOnDialog } from './FactorDialogs';
import { PasswordDialog } from './PasswordDialog';
import type { Me } from './Profile';
import { Line, Section } from './Section';
import { account as words } from '@/strings/en/account';

type Asked = 'password' | 'on' | 'off' | 'codes';

/** Password and second factor. */
export function Security({ me }: { me: Me }) {
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  const factorActions = me.second_factor ? (
    <div className={style({ display: 'flex', flexWrap: 'wrap', gap: 8 })}>
      <Button variant="secondary" onPress={() => setAsked('codes')}>{words.newCodes}</Button>
      <Button variant="secondary" onPress={() => setAsked('off')}>{words.turnOff}</Button>
    </div>
  ) : (
    <Button variant="secondary" onPress={() => setAsked('on')}>{words.turnOn}</Button>
  );
  return (
    <Section title={words.security}>
      <Line label={words.password} actions={me.has_password && <Button variant="secondary" onPress={() => setAsked('password')}>{words.changePassword}</Button>}>
        {me.has_password ? words.passwordHelp : words.noPassword}
      </Line>
      {me.has_password && (
        <Line label={words.factor} actions={factorActions}>
          <span className={style({ display: 'inline-flex', flexWrap: 'wrap', columnGap: 8, alignItems: 'center' })}>
            {me.second_factor && me.recovery_codes_left < 3 && <Badge variant="notice" size="S" fillStyle="subtle">{words.fewCodes}</Badge>}
            {me.second_factor ? words.factorOn(me.recovery_codes_left) : words.factorOff}
          </span>
        </Line>
      )}
      {asked === 'password' && <PasswordDialog email={me.email} least={me.second_factor ? 8 : 15} onClose={close} />}
      {asked === 'on' && <TurnOnDialog onClose={close} />}
      {asked === 'off' && <TurnOffDialog onClose={close} />}
      {asked === 'codes' && <NewCodesDialog onClose={close} />}
    </Section>
  );
}
