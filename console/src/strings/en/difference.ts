export const difference = {
  title: 'What changed',
  field: 'Field',
  before: 'Before',
  after: 'After',
  nothing: 'This record tells no difference.',
  none: 'none',
  yes: 'yes',
  no: 'no',
  added: 'added',
  removed: 'removed',
  kept: (n: number) => `${n} unchanged`,
};
