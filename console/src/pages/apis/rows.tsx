// The rows of an API's form: its permissions, and its routes.
import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { Text } from '@react-spectrum/s2/Text';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Add from '@react-spectrum/s2/icons/Add';
import Delete from '@react-spectrum/s2/icons/Delete';
import type { ReactNode } from 'react';
import type { FaultAt, PermissionRow, RouteRow } from './rowFaults';
import { apis as words } from '@/strings/en/apis';

const methods = ['*', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const grow = style({ flexGrow: 1, flexBasis: 0, minWidth: { default: 200, sm: 144 } });

function Line({ children, remove, onRemove }: { children: ReactNode; remove: string; onRemove: () => void }) {
  return (
    <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'start', gap: 8 })}>
      {children}
      <div className={style({ paddingTop: 24 })}><ActionButton isQuiet aria-label={remove} onPress={onRemove}><Delete /></ActionButton></div>
    </div>
  );
}

function AddRow({ label, onPress }: { label: string; onPress: () => void }) {
  return (
    <div>
      <ActionButton onPress={onPress}>
        <Add />
        <Text>{label}</Text>
      </ActionButton>
    </div>
  );
}

interface Rows<Row> {
  rows: readonly Row[];
  onChange: (rows: Row[]) => void;
  fault: FaultAt;
}

function changed<Row>(rows: readonly Row[], at: number, patch: Partial<Row>): Row[] {
  return rows.map((row, i) => (i === at ? { ...row, ...patch } : row));
}

export function PermissionRows({ rows, onChange, fault }: Rows<PermissionRow>) {
  const text = (at: number, field: keyof PermissionRow, label: string) => (
    <TextField
      label={label}
      value={rows[at]?.[field] ?? ''}
      onChange={(value) => onChange(changed(rows, at, { [field]: value }))}
      isInvalid={fault('permissions', at, field) !== undefined}
      errorMessage={fault('permissions', at, field)}
      autoComplete="off"
      spellCheck={field === 'description' ? 'true' : 'false'}
      styles={grow}
    />
  );
  return (
    <>
      {rows.map((row, at) => (
        <Line key={at} remove={words.permissions.remove(row.name)} onRemove={() => onChange(rows.filter((_, i) => i !== at))}>
          {text(at, 'name', words.permissions.name)}
          {text(at, 'description', words.permissions.description)}
        </Line>
      ))}
      <AddRow label={words.permissions.add} onPress={() => onChange([...rows, { name: '', description: '' }])} />
    </>
  );
}

export function RouteRows({ rows, onChange, fault }: Rows<RouteRow>) {
  const text = (at: number, field: 'path' | 'requires', label: string, placeholder: string) => (
    <TextField
      label={label}
      placeholder={placeholder}
      value={rows[at]?.[field] ?? ''}
      onChange={(value) => onChange(changed(rows, at, { [field]: value }))}
      isRequired={field === 'path'}
      isInvalid={fault('routes', at, field) !== undefined}
      errorMessage={fault('routes', at, field)}
      autoComplete="off"
      spellCheck="false"
      styles={grow}
    />
  );
  return (
    <>
      {rows.map((row, at) => (
        <Line key={at} remove={words.routes.remove(`${row.method} ${row.path}`)} onRemove={() => onChange(rows.filter((_, i) => i !== at))}>
          <Picker label={words.routes.method} value={row.method} onChange={(method) => onChange(changed(rows, at, { method: String(method) }))} styles={style({ width: 112 })}>
            {[...new Set([...methods, row.method])].map((method) => <PickerItem key={method} id={method}>{method === '*' ? words.routes.any : method}</PickerItem>)}
          </Picker>
          {text(at, 'path', words.routes.path, '/orders/{id}')}
          {text(at, 'requires', words.routes.requires, words.routes.requiresHelp)}
        </Line>
      ))}
      <AddRow label={words.routes.add} onPress={() => onChange([...rows, { method: 'GET', path: '/', requires: '' }])} />
    </>
  );
}
