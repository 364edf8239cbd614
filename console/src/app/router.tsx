import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect, useParams, useSearch, type AsyncRouteComponent, type RouteComponent } from '@tanstack/react-router';
import type { PageRoute } from './page';
import { hasPage, pages } from './pages';
import { Root } from './Root';
import { queryClient } from '@/api/queryClient';
import { may, sessionOptions, useMay } from '@/api/session';
import { ErrorState, Loading, NoPermission, NotFound } from '@/components/states';
import { Shell } from '@/shell/Shell';

/** The query as plain texts: `?q=12` is the text 12. */
type Query = Record<string, string>;
const parseSearch = (text: string): Query => Object.fromEntries(new URLSearchParams(text));
function stringifySearch(query: Record<string, unknown>): string {
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const frame = createRoute({
  id: 'frame',
  getParentRoute: () => root,
  beforeLoad: async ({ location }) => {
    const session = await queryClient.ensureQueryData(sessionOptions);
    if (!session) throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { next: location.href }, replace: true });
  },
  component: () => (
    <Shell>
      <Outlet />
    </Shell>
  ),
  pendingComponent: Loading,
  errorComponent: ({ error, reset }) => <ErrorState error={error} retry={reset} />,
});

/** A page, for those who may see it. */
function guarded({ load, permission }: PageRoute): RouteComponent {
  const Inside = lazyRouteComponent(load) as AsyncRouteComponent<unknown>;
  if (!permission) return Inside as RouteComponent;
  const Guarded = () => (useMay()(permission) ? <Inside /> : <NoPermission permission={permission} />);
  return Object.assign(Guarded, { preload: Inside.preload });
}

function prefetch({ permission, prefetch: ask }: PageRoute) {
  const session = queryClient.getQueryData(sessionOptions.queryKey);
  if (ask && session && (!permission || may(session, permission))) ask(session);
}

function route(page: PageRoute) {
  return createRoute({
    getParentRoute: () => (page.open ? root : frame) as typeof root,
    path: page.path,
    component: guarded(page),
    loader: page.prefetch && (({ location }) => { if (Object.keys(location.search).length === 0) prefetch(page); }),
  });
}

// Where nothing lies at the first address, the keys do.
const first = createRoute({
  getParentRoute: () => frame,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/keys', replace: true });
  },
});
const inside = pages.filter((page) => !page.open).map(route);
const framed = hasPage('/') ? inside : [...inside, first];

const tree = root.addChildren([...pages.filter((page) => page.open).map(route), frame.addChildren(framed)]);

export const router = createRouter({
  routeTree: tree,
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingComponent: Loading,
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: ({ error, reset }) => <ErrorState error={error} retry={reset} />,
  scrollRestoration: true,
});

/** A part of the path: `useParam('id')` for `/keys/$id`. */
export function useParam(name: string): string {
  const params: Record<string, string | undefined> = useParams({ strict: false });
  return params[name] ?? '';
}

/** The query of the address. */
export function useQueryTexts(): Query {
  return useSearch({ strict: false });
}
