import { Switch } from '@react-spectrum/s2/Switch';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import { touches, type Api } from './actions';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { Section } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { apis as words } from '@/strings/en/apis';

/** For which organisations an API is enabled; an operator lets them in. */
export function ApiOrganisations({ of }: { of: Api }) {
  const all = useQuery({
    queryKey: ['organisations', 'for-apis'],
    queryFn: async ({ signal }) => {
      const answer = await api.GET('/v1/organisations', { params: { query: { sort: 'name', limit: 500 } }, signal });
      if (!answer.data) throw answer.error;
      return answer.data.items.filter((one) => one.status !== 'closed');
    },
  });
  const change = useAction({
    call: ({ slug, on }: { slug: string; name: string; on: boolean }) => {
      const at = { params: { path: { id: of.id, slug } } };
      return on ? api.PUT('/v1/apis/{id}/organisations/{slug}', at) : api.DELETE('/v1/apis/{id}/organisations/{slug}', at);
    },
    touches,
    done: (_, { name, on }) => words.organisations.done(name, on),
  });
  const enabled = new Set((of.organisations ?? []).filter((one) => one.enabled).map((one) => one.slug));
  return (
    <Section title={words.organisations.title} lead={words.organisations.lead}>
      {all.isPending && <Loading />}
      {all.error && <ErrorState error={all.error} retry={() => void all.refetch()} />}
      <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 12 })}>
        {all.data?.map(({ slug, name }) => (
          <li key={slug}>
            <Switch isSelected={enabled.has(slug)} isDisabled={change.isRunning} onChange={(on) => change.run({ slug, name, on })}>
              <span className="name">{name}</span>
            </Switch>
          </li>
        ))}
      </ul>
    </Section>
  );
}
