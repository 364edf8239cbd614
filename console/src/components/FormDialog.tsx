import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Form } from '@react-spectrum/s2/Form';
import { useId, type ReactNode } from 'react';
import { FormProblem } from './FormProblem';
import { common } from '@/strings/en/common';

interface Props {
  title: string;
  /** The button's word. */
  submit: string;
  size?: 'S' | 'M' | 'L' | 'XL';
  /** What `useAction({saysFaults: true, …})` gives. */
  action: { error: unknown; faults: Record<string, string>; isRunning: boolean };
  /** The fields that say their own faults. */
  fields?: readonly string[];
  isReady?: boolean;
  children: ReactNode;
  onSubmit: () => void;
  onClose: () => void;
}

/** A form in a dialog. Shown while it is rendered: `{asked && <FormDialog … />}`. */
export function FormDialog({ title, submit, size = 'M', action, fields = [], isReady = true, children, onSubmit, onClose }: Props) {
  const id = useId();
  return (
    <DialogContainer onDismiss={onClose}>
      <Dialog size={size}>
        <Heading slot="title">{title}</Heading>
        <Content>
          <Form
            id={id}
            validationErrors={action.faults}
            onSubmit={(event) => {
              event.preventDefault();
              if (isReady) onSubmit();
            }}>
            <FormProblem error={action.error} fields={fields} />
            {children}
          </Form>
        </Content>
        <ButtonGroup>
          <Button variant="secondary" onPress={onClose}>{common.cancel}</Button>
          <Button variant="accent" type="submit" form={id} isPending={action.isRunning} isDisabled={!isReady}>{submit}</Button>
        </ButtonGroup>
      </Dialog>
    </DialogContainer>
  );
}
