import { BoxMultipleRegular } from '@fluentui/react-icons'
import { resourceRoute, type Area } from '../frame/area'
import { everyRoute } from '../frame/everywhere'

export const accountType = 'Microsoft.Logic/integrationAccounts'

const segments = ['schemas', 'maps', 'partners', 'agreements', 'certificates', 'assemblies', 'batchConfigurations', 'sessions']

/** accounts has the integration accounts and what is in them. */
export const accounts: Area = {
  title: 'Integration',
  services: [
    {
      title: 'Integration accounts',
      path: '/integration-accounts',
      icon: BoxMultipleRegular,
      words: ['schemas', 'maps', 'partners', 'agreements', 'certificates', 'assemblies', 'batch', 'B2B', 'EDI'],
      type: accountType,
      singular: 'Integration account',
    },
  ],
  routes: [
    { path: '/integration-accounts', lazy: async () => ({ Component: (await import('./AccountList')).AccountList }) },
    { path: '/integration-accounts/create', lazy: async () => ({ Component: (await import('./CreateAccount')).CreateAccount }) },
    {
      path: resourceRoute(accountType),
      lazy: async () => ({ Component: (await import('./AccountPage')).AccountPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./AccountOverview')).AccountOverview }) },
        ...segments.flatMap((segment) => [
          { path: segment, lazy: async () => ({ Component: (await import('./ArtifactsPane')).ArtifactsPane }) },
          { path: `${segment}/:artifact`, lazy: async () => ({ Component: (await import('./ArtifactPane')).ArtifactPane }) },
        ]),
        { path: 'workflows', lazy: async () => ({ Component: (await import('./AccountWorkflows')).AccountWorkflows }) },
        { path: 'callback-url-and-keys', lazy: async () => ({ Component: (await import('./CallbackPane')).CallbackPane }) },
        ...everyRoute,
      ],
    },
  ],
}
