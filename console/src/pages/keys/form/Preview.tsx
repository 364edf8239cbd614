import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Checkmark from '@react-spectrum/s2/icons/CheckmarkCircle';
import Cancel from '@react-spectrum/s2/icons/CloseCircle';
import { can, type Choice } from './grants';
import type { components } from '@/api/schema';
import { keyForm as words } from '@/strings/en/keyForm';

type Catalogue = components['schemas']['PermissionCatalogue'];

function Side({ title, items, nothing, good }: { title: string; items: readonly { name: string; description?: string }[]; nothing: string; good: boolean }) {
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 8, minWidth: 0 })}>
      <h4 className={style({ font: 'ui', fontWeight: 'bold', margin: 0, display: 'flex', alignItems: 'center', gap: 8 })}>
        <span aria-hidden="true" className={style({ display: 'inline-flex', '--iconPrimary': { type: 'fill', value: { default: 'gray-600', isGood: 'positive' } } })({ isGood: good })}>{good ? <Checkmark /> : <Cancel />}</span>
        {title}
      </h4>
      <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 4, font: 'ui-sm', color: { default: 'neutral-subdued', isGood: 'neutral' } })({ isGood: good })}>
        {items.length === 0 && <li>{nothing}</li>}
        {items.map((one) => <li key={one.name} className="name">{one.description || one.name}</li>)}
      </ul>
    </div>
  );
}

/** What the key will be let do, in the words of the APIs, before it is made. */
export function Preview({ catalogue, choice }: { catalogue: Catalogue | undefined; choice: Choice }) {
  const all = (catalogue?.apis ?? []).flatMap((api) => api.permissions);
  const named = choice.own.filter((one) => !one.includes('*') && !all.some((known) => known.name === one)).map((name) => ({ name, description: name }));
  if (all.length + named.length === 0) return null;
  const every = [...all, ...named];
  const allowed = every.filter((one) => can(choice, one.name));
  return (
    <section aria-label={words.preview} aria-live="polite" className={style({ padding: 16, backgroundColor: 'gray-75', borderRadius: 'lg', display: 'grid', gridTemplateColumns: { default: ['1fr'], sm: ['1fr', '1fr'] }, gap: 24 })}>
      <Side good title={words.can} items={allowed} nothing={words.canNothing} />
      <Side good={false} title={words.cannot} items={every.filter((one) => !allowed.includes(one))} nothing={words.cannotNothing} />
    </section>
  );
}
