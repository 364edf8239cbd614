import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useLocation, useRouter } from '@tanstack/react-router';
import { Suspense, useEffect, useRef, type ReactNode } from 'react';
import { Sidebar } from './Sidebar';
import { TopBar } from './TopBar';
import { Loading } from '@/components/states';
import { common } from '@/strings/en/common';

/** The frame around every page: the sidebar, the bar on top, and the page, which scrolls by itself. */
export function Shell({ children }: { children: ReactNode }) {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const router = useRouter();
  const last = useRef(pathname);
  // Who comes to another page by the keyboard goes on from its beginning.
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    main.current?.focus({ preventScroll: true });
    main.current?.scrollTo(0, 0);
  }, [pathname]);
  // Nearly everybody comes to the table of keys sooner or later: it is fetched while nothing else is to be done.
  useEffect(() => {
    const idle = requestIdleCallback(() => void router.preloadRoute({ to: '/keys' }));
    return () => cancelIdleCallback(idle);
  }, [router]);
  return (
    <>
      <a
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
        className={style({
          position: 'fixed',
          top: { default: -64, ':focus': 8 },
          insetStart: 8,
          zIndex: 20,
          padding: 12,
          borderRadius: 'default',
          font: 'ui',
          backgroundColor: 'accent',
          color: 'white',
        })}>
        {common.skip}
      </a>
      <div className={style({ display: 'flex', flexGrow: 1, minHeight: 0 })}>
        <Sidebar />
        <div className={style({ display: 'flex', flexDirection: 'column', flexGrow: 1, minWidth: 0 })}>
          <TopBar />
          <main id="main" ref={main} tabIndex={-1} className={style({ flexGrow: 1, minHeight: 0, overflow: 'auto', outlineStyle: 'none', display: 'flex', flexDirection: 'column' })}>
            <Suspense fallback={<Loading />}>{children}</Suspense>
          </main>
        </div>
      </div>
    </>
  );
}
