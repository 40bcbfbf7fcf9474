import { ServerMultipleRegular } from '@fluentui/react-icons'
import type { Area } from '../frame/area'

export const environmentType = 'Microsoft.Logic/integrationServiceEnvironments'

export const environments: Area = {
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
  routes: [{ path: '/environments', lazy: async () => ({ Component: (await import('./EnvironmentList')).EnvironmentList }) }],
}
