import { FlowRegular } from '@fluentui/react-icons'
import { resourceRoute, type Area } from '../frame/area'
import { everyRoute } from '../frame/everywhere'
import { workflowType } from './workflow'

export const workflows: Area = {
  title: 'Integration',
  services: [{ title: 'Logic apps', path: '/workflows', icon: FlowRegular, words: ['workflows'], type: workflowType, singular: 'Logic app' }],
  routes: [
    { path: '/workflows', lazy: async () => ({ Component: (await import('./WorkflowList')).WorkflowList }) },
    { path: '/workflows/new', lazy: async () => ({ Component: (await import('./NewWorkflow')).NewWorkflow }) },
    {
      path: resourceRoute(workflowType),
      lazy: async () => ({ Component: (await import('./WorkflowPage')).WorkflowPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./OverviewPane')).OverviewPane }) },
        { path: 'definition', lazy: async () => ({ Component: (await import('./DefinitionPane')).DefinitionPane }) },
        { path: 'runs', lazy: async () => ({ Component: (await import('./RunsPane')).RunsPane }) },
        { path: 'versions', lazy: async () => ({ Component: (await import('./VersionsPane')).VersionsPane }) },
        { path: 'parameters', lazy: async () => ({ Component: (await import('./ParametersPane')).ParametersPane }) },
        { path: 'identity', lazy: async () => ({ Component: (await import('../identity/IdentityPane')).IdentityPane }) },
        ...everyRoute,
        { path: 'settings', lazy: async () => ({ Component: (await import('./SettingsPane')).SettingsPane }) },
      ],
    },
  ],
}
