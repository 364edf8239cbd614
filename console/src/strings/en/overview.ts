import { count } from '@/components/format';

export const overview = {
  title: 'Overview',
  lead: 'How the keys of your organisation stand.',
  keys: 'Keys',
  figures: { total: 'All keys', active: 'Active', expiring: 'Expiring soon', expired: 'Expired' },
  beside: {
    total: (over: number) => `${count(over)} revoked or deleted`,
    active: (disabled: number) => `${count(disabled)} disabled`,
    expiring: 'Rotate or extend them in time',
    expired: 'Requests with them are refused',
  },
  traffic: 'Traffic',
  attention: 'Needs attention',
  quiet: 'Nothing needs attention',
  quietText: 'No key ends soon, lies idle, or was forgotten.',
  seeAll: (n: number, more: boolean) => (more ? `See all, more than ${count(n)}` : `See all ${count(n)}`),
  groups: {
    expiring: { title: 'Expiring soon', text: 'They end within the next weeks. Rotate or extend them before a program stops.' },
    idle: { title: 'Idle', text: 'Not used for ninety days. What nobody needs should not work.' },
    unused: { title: 'Never used', text: 'Made, and not used so far.' },
    endless: { title: 'Without an end', text: 'They work until somebody ends them. Give them a date.' },
  },
  ends: 'ends',
  used: 'used',
  made: 'made',
  firstTitle: 'Make your first key',
  firstText: 'A key lets a program use your API. Three steps, a minute in all:',
  steps: [
    { title: 'Create it', text: 'Name the program that will use it, and tick what it may do.' },
    { title: 'Store its secret', text: 'It is shown once. Put it where your program reads its configuration.' },
    { title: 'Ask whether it is good', text: 'Your API sends the key that comes with a request to Claviger, and gets a yes or a no with the reason.' },
  ],
  readMore: 'API documentation',
};
