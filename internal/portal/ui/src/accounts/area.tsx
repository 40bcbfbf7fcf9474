import { BoxMultipleRegular } from '@fluentui/react-icons'
import type { Area } from '../frame/area'

export const accounts: Area = {
  services: [
    {
      title: 'Integration accounts',
      path: '/integration-accounts',
      icon: BoxMultipleRegular,
      words: ['schemas', 'maps', 'partners', 'agreements', 'certificates', 'B2B'],
      type: 'Microsoft.Logic/integrationAccounts',
      singular: 'Integration account',
    },
  ],
  routes: [{ path: '/integration-accounts', lazy: async () => ({ Component: (await import('./AccountList')).AccountList }) }],
}
