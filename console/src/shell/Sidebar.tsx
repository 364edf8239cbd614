import { focusRing, iconStyle, style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useLocation, useRouter } from '@tanstack/react-router';
import { Link } from 'react-aria-components/Link';
import { Logo } from './Logo';
import { useNav, type NavItem } from './nav';
import { shell } from '@/strings/en/shell';

const row = style({
  ...focusRing(),
  display: 'flex',
  alignItems: 'center',
  gap: 12,
  height: 32,
  paddingX: 12,
  borderRadius: 'default',
  textDecoration: 'none',
  cursor: 'pointer',
  font: 'ui',
  fontWeight: { default: 'normal', isHere: 'medium' },
  color: { default: 'neutral-subdued', isHovered: 'neutral', isHere: 'neutral' },
  backgroundColor: { default: 'transparent', isHovered: 'gray-100', isHere: 'gray-200' },
  transition: 'default',
});

function Item({ item }: { item: NavItem }) {
  const { pathname } = useLocation();
  const router = useRouter();
  const isHere = item.path === '/' ? pathname === '/' : pathname === item.path || pathname.startsWith(`${item.path}/`);
  const Icon = item.icon as React.ComponentType<{ styles?: string }>;
  return (
    <li>
      <Link
        href={item.path}
        aria-current={isHere ? 'page' : undefined}
        onHoverStart={() => void router.preloadRoute({ to: item.path })}
        className={(state) => row({ ...state, isHere })}>
        <Icon styles={iconStyle({ size: 'S' }) as unknown as string} />
        {shell.pages[item.name]}
      </Link>
    </li>
  );
}

/** The way to every page; also in the drawer of narrow screens. */
export function Navigation() {
  const groups = useNav();
  return (
    <nav aria-label={shell.nav} className={style({ display: 'flex', flexDirection: 'column', gap: 20, padding: 12 })}>
      {groups.map((group) => (
        <div key={group.name}>
          <h2 id={`nav-${group.name}`} className={style({ font: 'detail-sm', color: 'neutral-subdued', margin: 0, paddingX: 12, paddingBottom: 4, fontWeight: 'medium' })}>
            {shell.groups[group.name]}
          </h2>
          <ul aria-labelledby={`nav-${group.name}`} className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 2 })}>
            {group.items.map((item) => (
              <Item key={item.path} item={item} />
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

export function Sidebar() {
  return (
    <div
      className={style({
        display: { default: 'none', lg: 'flex' },
        flexDirection: 'column',
        flexShrink: 0,
        width: 216,
        overflowY: 'auto',
        backgroundColor: 'layer-1',
        borderStyle: 'solid',
        borderWidth: 0,
        borderEndWidth: 1,
        borderColor: 'gray-200',
      })}>
      <div className={style({ display: 'flex', alignItems: 'center', height: 56, flexShrink: 0, paddingX: 20 })}>
        <Logo />
      </div>
      <Navigation />
    </div>
  );
}
