import { InlineAlert } from '@react-spectrum/s2/InlineAlert';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { sourceText } from './sources';
import type { components } from '@/api/schema';
import { roles as words } from '@/strings/en/roles';

const { explain } = words;

/** The answer, and for each permission of the question by what it is held, or why it is not. */
export function Verdict({ answer }: { answer: components['schemas']['ExplainedRequirement'] }) {
  const { allowed, missing, principal, permissions } = answer;
  return (
    <InlineAlert variant={allowed ? 'positive' : 'negative'} fillStyle="subtleFill" autoFocus>
      <Heading>{allowed ? explain.allowed : explain.refused}</Heading>
      <Content>
        <div className={`name ${style({ display: 'flex', flexDirection: 'column', gap: 8 })}`}>
          <strong>{principal.name}</strong>
          {missing && <span>{explain.missing(missing)}</span>}
          {!principal.active && <span>{explain.inactive}</span>}
          <ul className={style({ margin: 0, paddingStart: 16 })}>
            {permissions.map((one) => (
              <li key={one.permission}>
                <code className={style({ font: 'code-sm' })}>{one.permission}</code>
                {`: ${explain.reasons[one.reason] ?? one.reason}`}
                {one.sources.length > 0 && ` · ${one.sources.map(sourceText).join('; ')}`}
              </li>
            ))}
          </ul>
        </div>
      </Content>
    </InlineAlert>
  );
}
