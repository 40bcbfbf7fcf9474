import { ServerMultipleRegular } from '@fluentui/react-icons'
import { resourceRoute, type Area } from '../frame/area'
import { everyRoute } from '../frame/everywhere'
import { environmentType } from './environment'

export const environments: Area = {
  title: 'Integration',
  services: [
    {
      title: 'Integration Service Environments',
      path: '/environments',
      icon: ServerMultipleRegular,
      words: ['ISE', 'environment'],
      type: environmentType,
      singular: 'Integration service environment',
    },
  ],
  routes: [
    { path: '/environments', lazy: async () => ({ Component: (await import('./EnvironmentList')).EnvironmentList }) },
    { path: '/environments/create', lazy: async () => ({ Component: (await import('./CreateEnvironment')).CreateEnvironment }) },
    {
      path: resourceRoute(environmentType),
      lazy: async () => ({ Component: (await import('./EnvironmentPage')).EnvironmentPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./OverviewPane')).OverviewPane }) },
        { path: 'network-health', lazy: async () => ({ Component: (await import('./NetworkHealthPane')).NetworkHealthPane }) },
        { path: 'logic-apps', lazy: async () => ({ Component: (await import('./WorkflowsPane')).WorkflowsPane }) },
        { path: 'runs', lazy: async () => ({ Component: (await import('./RunsPane')).RunsPane }) },
        { path: 'api-connections', lazy: async () => ({ Component: (await import('./ConnectionsPane')).ConnectionsPane }) },
        { path: 'integration-accounts', lazy: async () => ({ Component: (await import('./AccountsPane')).AccountsPane }) },
        { path: 'managed-connectors', lazy: async () => ({ Component: (await import('./ConnectorsPane')).ConnectorsPane }) },
        { path: 'scale-out', lazy: async () => ({ Component: (await import('./ScalePane')).ScalePane }) },
        { path: 'properties', lazy: async () => ({ Component: (await import('./PropertiesPane')).PropertiesPane }) },
        { path: 'identity', lazy: async () => ({ Component: (await import('../identity/IdentityPane')).IdentityPane }) },
        ...everyRoute,
      ],
    },
  ],
}
