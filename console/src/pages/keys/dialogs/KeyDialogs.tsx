// The dialogs of one key, each loaded when it is asked for; the table and the key's page share them.
import { lazy, Suspense } from 'react';
import type { KeyRow } from '../actions';

const DeleteDialog = lazy(() => import('./EndDialogs').then((file) => ({ default: file.DeleteDialog })));
const RevokeDialog = lazy(() => import('./EndDialogs').then((file) => ({ default: file.RevokeDialog })));
const RotateDialog = lazy(() => import('./RotateDialog').then((file) => ({ default: file.RotateDialog })));
const RevealDialog = lazy(() => import('./RevealDialog').then((file) => ({ default: file.RevealDialog })));
const QuotaDialog = lazy(() => import('./QuotaDialog').then((file) => ({ default: file.QuotaDialog })));

export type Ask = 'revoke' | 'delete' | 'rotate' | 'reveal' | 'quota';

export interface Asked {
  what: Ask;
  row: KeyRow;
}

export function KeyDialogs({ asked, onClose, onErased }: { asked: Asked | undefined; onClose: () => void; onErased?: () => void }) {
  if (!asked) return null;
  const { what, row } = asked;
  return (
    <Suspense>
      {what === 'revoke' && <RevokeDialog row={row} onClose={onClose} />}
      {what === 'delete' && <DeleteDialog row={row} onClose={onClose} onErased={onErased} />}
      {what === 'rotate' && <RotateDialog row={row} onClose={onClose} />}
      {what === 'reveal' && <RevealDialog row={row} onClose={onClose} />}
      {what === 'quota' && <QuotaDialog row={row} onClose={onClose} />}
    </Suspense>
  );
}
