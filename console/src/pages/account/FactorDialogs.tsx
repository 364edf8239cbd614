import { Content } from '@react-spectrum/s2/Content';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Heading } from '@react-spectrum/s2/Heading';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { FactorSetup, RecoveryCodes } from '@/components/FactorSetup';
import { account as words } from '@/strings/en/account';
import { common } from '@/strings/en/common';
import { factor } from '@/strings/en/signIn';

const touches = [['get', '/v1/me'], ['session']] as const;

/** Recovery codes cannot be closed away by mistake: only the button leads on, once they are stored. */
function Codes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  return (
    <Dialog size="S" isKeyboardDismissDisabled>
      <Heading slot="title">{factor.codesTitle}</Heading>
      <Content>
        <p className={style({ font: 'body', marginTop: 0 })}>{factor.codesLead}</p>
        <RecoveryCodes codes={codes} done={common.close} onDone={onClose} />
      </Content>
    </Dialog>
  );
}

export function TurnOnDialog({ onClose }: { onClose: () => void }) {
  const [codes, setCodes] = useState<string[]>();
  return (
    <DialogContainer onDismiss={codes ? () => undefined : onClose}>
      {codes ? (
        <Codes codes={codes} onClose={onClose} />
      ) : (
        <Dialog size="S">
          <Heading slot="title">{factor.title}</Heading>
          <Content>
            <p className={style({ font: 'body', marginTop: 0 })}>{factor.lead}</p>
            <FactorSetup onCodes={setCodes} onLater={onClose} />
          </Content>
        </Dialog>
      )}
    </DialogContainer>
  );
}

export function NewCodesDialog({ onClose }: { onClose: () => void }) {
  const [codes, setCodes] = useState<string[]>();
  const renew = useAction({ saysFaults: true, call: () => api.POST('/v1/me/recovery-codes'), touches, onDone: (data) => setCodes(data.recovery_codes) });
  if (codes) {
    return (
      <DialogContainer onDismiss={() => undefined}>
        <Codes codes={codes} onClose={onClose} />
      </DialogContainer>
    );
  }
  return (
    <ConfirmDialog title={words.newCodesTitle} confirm={words.replace} isRunning={renew.isRunning} error={renew.error} onConfirm={() => renew.run(undefined)} onCancel={onClose}>
      {words.newCodesText}
    </ConfirmDialog>
  );
}

export function TurnOffDialog({ onClose }: { onClose: () => void }) {
  const off = useAction({ saysFaults: true, call: () => api.DELETE('/v1/me/totp'), touches, done: words.turnedOff, onDone: onClose });
  return (
    <ConfirmDialog title={words.turnOffTitle} confirm={words.turnOff.replace('…', '')} isRunning={off.isRunning} error={off.error} onConfirm={() => off.run(undefined)} onCancel={onClose}>
      {words.turnOffText}
    </ConfirmDialog>
  );
}
