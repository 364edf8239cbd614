// The states that every page has beside its good one.
import { Button } from '@react-spectrum/s2/Button';
import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { ProgressCircle } from '@react-spectrum/s2/ProgressCircle';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import AlertTriangle from '@react-spectrum/s2/icons/AlertTriangle';
import Key from '@react-spectrum/s2/icons/Key';
import Lock from '@react-spectrum/s2/icons/Lock';
import Search from '@react-spectrum/s2/icons/Search';
import { useEffect, useState, type ReactNode } from 'react';
import { told } from '@/api/problem';
import { common } from '@/strings/en/common';

interface MessageProps {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  /** Whether it interrupts a screen reader. */
  alert?: boolean;
}

function Message({ icon, title, children, actions, alert = false }: MessageProps) {
  return (
    <div
      role={alert ? 'alert' : undefined}
      className={style({ display: 'flex', flexDirection: 'column', alignItems: 'center', justifyContent: 'center', textAlign: 'center', gap: 12, paddingX: 24, paddingY: 48, flexGrow: 1 })}>
      <div
        aria-hidden="true"
        className={style({ display: 'flex', alignItems: 'center', justifyContent: 'center', size: 48, borderRadius: 'xl', backgroundColor: 'gray-100', color: 'neutral-subdued', '--iconPrimary': { type: 'fill', value: 'currentColor' } })}>
        {icon}
      </div>
      <h2 className={style({ font: 'title-lg', margin: 0 })}>{title}</h2>
      {children && <div className={style({ font: 'ui', color: 'neutral-subdued', maxWidth: 448 })}>{children}</div>}
      {actions && <div className={style({ display: 'flex', flexWrap: 'wrap', justifyContent: 'center', gap: 8, marginTop: 8 })}>{actions}</div>}
    </div>
  );
}

/** A list that has nothing yet: says what would be here, and how to begin. */
export function EmptyState({ title, children, actions, icon = <Key /> }: Partial<MessageProps> & { title: string }) {
  return <Message icon={icon} title={title} actions={actions}>{children}</Message>;
}

/** A search or filter that leaves nothing. */
export function NothingFound({ title, children, actions }: Partial<MessageProps> & { title: string }) {
  return <Message icon={<Search />} title={title} actions={actions}>{children}</Message>;
}

/** Something could not be read. */
export function ErrorState({ error, retry }: { error: unknown; retry?: () => void }) {
  const { title, detail, requestId } = told(error);
  return (
    <Message icon={<AlertTriangle />} title={title} alert actions={retry && <Button variant="secondary" onPress={retry}>{common.retry}</Button>}>
      {detail}
      {requestId && <div className={style({ font: 'code-sm', marginTop: 8 })}>{common.errors.requestId(requestId)}</div>}
    </Message>
  );
}

/** A page that this person may not see. */
export function NoPermission({ permission }: { permission: string }) {
  return <Message icon={<Lock />} title={common.errors.noPermissionTitle}>{common.errors.noPermission(permission)}</Message>;
}

/** An address that leads nowhere. */
export function NotFound() {
  return (
    <Message icon={<Search />} title={common.errors.notFoundTitle} actions={<LinkButton href="/" variant="secondary">{common.errors.home}</LinkButton>}>
      {common.errors.notFound}
    </Message>
  );
}

/** A fault of the console itself. */
export function PageFault() {
  return (
    <Message icon={<AlertTriangle />} title={common.errors.pageTitle} alert actions={<Button variant="secondary" onPress={() => window.location.reload()}>{common.reload}</Button>}>
      {common.errors.page}
    </Message>
  );
}

/** Something is on its way. It shows after a moment, so that what is quick does not flicker. */
export function Loading() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 250);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={style({ display: 'flex', alignItems: 'center', justifyContent: 'center', flexGrow: 1, minHeight: 240 })}>
      {late && <ProgressCircle isIndeterminate aria-label={common.loading} />}
    </div>
  );
}
