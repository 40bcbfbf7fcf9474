import { FlowRegular } from '@fluentui/react-icons'
import type { Area } from '../frame/area'

export const workflows: Area = {
  services: [{ title: 'Logic apps', path: '/workflows', icon: FlowRegular, words: ['workflows'], type: 'Microsoft.Logic/workflows', singular: 'Logic app' }],
  routes: [{ path: '/workflows', lazy: async () => ({ Component: (await import('./WorkflowList')).WorkflowList }) }],
}
