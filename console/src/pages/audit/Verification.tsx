import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Heading } from '@react-spectrum/s2/Heading';
import { InlineAlert } from '@react-spectrum/s2/InlineAlert';
import { ProgressBar } from '@react-spectrum/s2/ProgressBar';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { ErrorState } from '@/components/states';
import { audit as words } from '@/strings/en/audit';
import { common } from '@/strings/en/common';

type Chain = components['schemas']['ChainVerification'];

function Result({ chains, checkpoints }: { chains: readonly Chain[]; checkpoints: number }) {
  return chains.map((chain) => (
    <InlineAlert key={chain.organisation} variant={chain.ok ? 'positive' : 'negative'} fillStyle="subtleFill" styles={style({ width: 'full' })}>
      <Heading>{chain.ok ? words.good : words.bad}</Heading>
      <Content>
        {chain.ok ? (checkpoints > 0 ? words.goodText(chain.records, checkpoints) : words.goodUnsigned(chain.records)) : `${chain.fault ?? ''} ${words.badText}`}
        {chain.pruned && ` ${words.pruned(chain.pruned.seq, chain.pruned.kept)}`}
      </Content>
    </InlineAlert>
  ));
}

function Inside({ onClose }: { onClose: () => void }) {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['audit', 'verify'],
    // What was found is true of the moment alone.
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
    queryFn: async ({ signal }) => {
      const answer = await api.GET('/v1/audit/verify', { signal });
      if (!answer.data) throw answer.error;
      return answer.data;
    },
  });
  return (
    <Dialog size="M">
      <Heading slot="title">{words.verify}</Heading>
      <Content>
        <div aria-live="polite" className={style({ minHeight: 96 })}>
          {isPending && <ProgressBar isIndeterminate label={words.verifying} styles={style({ width: 'full' })} />}
          {error && <ErrorState error={error} retry={() => void refetch()} />}
          {data && <Result chains={data.chains} checkpoints={data.checkpoints} />}
        </div>
      </Content>
      <ButtonGroup>
        <Button variant="secondary" onPress={onClose}>{common.close}</Button>
      </ButtonGroup>
    </Dialog>
  );
}

/** Reads the whole chain on the server, and says in words what was found. */
export function Verification({ onClose }: { onClose: () => void }) {
  return (
    <DialogContainer onDismiss={onClose}>
      <Inside onClose={onClose} />
    </DialogContainer>
  );
}
