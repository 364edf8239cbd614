import { Provider } from '@react-spectrum/s2/Provider';
import { ToastContainer, ToastQueue } from '@react-spectrum/s2/Toast';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { Outlet, useRouter } from '@tanstack/react-router';
import { Suspense, lazy, useSyncExternalStore } from 'react';
import { onLater } from '@/api/effective';
import { current, subscribe } from '@/api/interruptions';
import { instant } from '@/components/format';
import { Loading } from '@/components/states';
import { useTheme } from '@/shell/theme';
import { common } from '@/strings/en/common';

onLater((at) => ToastQueue.info(common.effectiveBy(instant(at)), { timeout: 20_000 }));

// Rarely needed, so not among the first things to load.
const Interruptions = lazy(() => import('@/shell/Interruptions'));

/** Around everything: theme, links by the router, toasts, and the dialogs that come between a request and its answer. */
export function Root() {
  const router = useRouter();
  const theme = useTheme();
  const asked = useSyncExternalStore(subscribe, current);
  return (
    <Provider
      locale={navigator.language}
      colorScheme={theme === 'system' ? undefined : theme}
      background="base"
      styles={style({ height: 'full', display: 'flex', flexDirection: 'column' })}
      router={{ navigate: (to) => void router.navigate({ href: to }), useHref: (href) => href }}>
      <Suspense fallback={<Loading />}>
        <Outlet />
      </Suspense>
      {asked && (
        <Suspense>
          <Interruptions kind={asked} />
        </Suspense>
      )}
      <ToastContainer placement="bottom end" />
    </Provider>
  );
}
