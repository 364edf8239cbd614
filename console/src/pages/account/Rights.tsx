import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { Section } from './Section';
import { useSession } from '@/api/session';
import { account as words } from '@/strings/en/account';

function List({ title, patterns }: { title: string; patterns: readonly string[] }) {
  if (patterns.length === 0) return null;
  return (
    <div>
      <h3 className={style({ font: 'ui', fontWeight: 'medium', margin: 0, marginBottom: 8 })}>{title}</h3>
      <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexWrap: 'wrap', gap: 4 })}>
        {patterns.map((pattern) => (
          <li key={pattern} className={`name ${style({ font: 'code-sm', paddingX: 8, paddingY: 2, borderRadius: 'sm', backgroundColor: 'gray-100' })}`}>{pattern}</li>
        ))}
      </ul>
    </div>
  );
}

/** What this person may do where they act. */
export function Rights() {
  const { permissions, organisation, operator } = useSession();
  const managing = permissions.filter((pattern) => pattern.startsWith('claviger:'));
  const application = permissions.filter((pattern) => !pattern.startsWith('claviger:'));
  return (
    <Section title={words.may} lead={words.mayLead(organisation.name)}>
      {operator && <p className={style({ font: 'ui', margin: 0 })}>{words.operator}</p>}
      {permissions.length === 0 && <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0 })}>{words.mayNothing}</p>}
      <List title={words.managing} patterns={managing} />
      <List title={words.application} patterns={application} />
    </Section>
  );
}
