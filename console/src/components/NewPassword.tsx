import { TextField } from '@react-spectrum/s2/TextField';
import { ToggleButton } from '@react-spectrum/s2/ToggleButton';
import Visibility from '@react-spectrum/s2/icons/Visibility';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { welcome } from '@/strings/en/signIn';

/** A password that is chosen. It may be looked at, so it is typed once. */
export function NewPassword({ value, onChange, least }: { value: string; onChange: (value: string) => void; least: number }) {
  const [shown, setShown] = useState(false);
  return (
    <div className={style({ display: 'flex', alignItems: 'start', gap: 8 })}>
      <TextField
        label={welcome.password}
        description={welcome.passwordHelp(least)}
        name="password"
        type={shown ? 'text' : 'password'}
        autoComplete="new-password"
        isRequired
        minLength={least}
        value={value}
        onChange={onChange}
        styles={style({ flexGrow: 1 })}
      />
      <div className={style({ marginTop: 24 })}>
        <ToggleButton isQuiet isSelected={shown} onChange={setShown} aria-label={shown ? welcome.hide : welcome.show}>
          <Visibility />
        </ToggleButton>
      </div>
    </div>
  );
}
