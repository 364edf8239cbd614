import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { ToastQueue } from '@react-spectrum/s2/Toast';
import { Tooltip, TooltipTrigger } from '@react-spectrum/s2/Tooltip';
import Checkmark from '@react-spectrum/s2/icons/Checkmark';
import Copy from '@react-spectrum/s2/icons/Copy';
import { useState } from 'react';
import { announce } from './announce';
import { common } from '@/strings/en/common';

export async function copyText(text: string, what: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    announce(common.copiedOf(what));
    return true;
  } catch {
    ToastQueue.negative(common.copyFailed, { timeout: 10_000 });
    return false;
  }
}

/** Copies a text, and says so to the eye and to a screen reader. `what` names it: “Key id”. */
export function CopyButton({ text, what, size = 'S' }: { text: string; what: string; size?: 'XS' | 'S' | 'M' | 'L' }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await copyText(text, what))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <TooltipTrigger>
      <ActionButton isQuiet size={size} aria-label={common.copyOf(what)} onPress={() => void copy()}>
        {copied ? <Checkmark /> : <Copy />}
      </ActionButton>
      <Tooltip>{copied ? common.copied : common.copy}</Tooltip>
    </TooltipTrigger>
  );
}
