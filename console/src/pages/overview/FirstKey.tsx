import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useMay } from '@/api/session';
import { keys } from '@/strings/en/keys';
import { overview as words } from '@/strings/en/overview';

/** What an organisation without keys sees: how to come by the first. */
export function FirstKey() {
  const may = useMay();
  return (
    <section aria-label={words.firstTitle} className={style({ padding: { default: 24, lg: 40 }, borderRadius: 'xl', borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200', display: 'flex', flexDirection: 'column', gap: 24, maxWidth: 704 })}>
      <div>
        <h2 className={style({ font: 'heading', margin: 0 })}>{words.firstTitle}</h2>
        <p className={style({ font: 'body', color: 'neutral-subdued', margin: 0, marginTop: 8 })}>{words.firstText}</p>
      </div>
      <ol className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 20 })}>
        {words.steps.map((step, at) => (
          <li key={step.title} className={style({ display: 'flex', gap: 16 })}>
            <span aria-hidden="true" className={style({ flexShrink: 0, size: 32, borderRadius: 'full', backgroundColor: 'gray-100', font: 'ui', fontWeight: 'bold', display: 'flex', alignItems: 'center', justifyContent: 'center' })}>{at + 1}</span>
            <div>
              <h3 className={style({ font: 'title', margin: 0 })}>{step.title}</h3>
              <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0, marginTop: 4 })}>{step.text}</p>
            </div>
          </li>
        ))}
      </ol>
      <div className={style({ display: 'flex', flexWrap: 'wrap', gap: 8 })}>
        {may('claviger:keys.create') && <LinkButton variant="accent" href="/keys/new">{keys.create}</LinkButton>}
        <LinkButton variant="secondary" href="/docs" target="_blank">{words.readMore}</LinkButton>
      </div>
    </section>
  );
}
