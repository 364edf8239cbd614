import { InlineAlert } from '@react-spectrum/s2/InlineAlert';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { faultsByField, told } from '@/api/problem';

/** What was wrong with a form, but for what stands beside its fields already. */
export function FormProblem({ error, fields = [] }: { error: unknown; fields?: readonly string[] }) {
  if (!error) return null;
  const faults = Object.keys(faultsByField(error));
  if (faults.length > 0 && faults.every((field) => fields.includes(field))) return null;
  const { title, detail } = told(error);
  return (
    <InlineAlert variant="negative" fillStyle="subtleFill" autoFocus>
      <Heading>{title}</Heading>
      <Content>{detail}</Content>
    </InlineAlert>
  );
}
