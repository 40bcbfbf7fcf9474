import { CloudArrowUpRegular, FolderRegular, GridRegular } from '@fluentui/react-icons'
import { resourceRoute, type Area } from '../frame/area'

const group = '/subscriptions/:subscription/resourceGroups/:group'

/** resources are the lists of everything, resource groups, deployments, and the page of what has none of its own. */
export const resources: Area = {
  services: [
    { title: 'Resource groups', path: '/resource-groups', icon: FolderRegular, type: 'Microsoft.Resources/resourceGroups', singular: 'Resource group' },
    { title: 'All resources', path: '/resources', icon: GridRegular, words: ['everything'], inNavigation: true },
    { title: 'Deployments', path: '/deployments', icon: CloudArrowUpRegular, words: ['templates'], type: 'Microsoft.Resources/deployments', singular: 'Deployment' },
  ],
  routes: [
    { path: '/resources', lazy: async () => ({ Component: (await import('./ResourceList')).ResourceList }) },
    { path: '/resource-groups', lazy: async () => ({ Component: (await import('./GroupList')).GroupList }) },
    { path: '/deployments', lazy: async () => ({ Component: (await import('../deployments/DeploymentList')).DeploymentList }) },
    {
      path: group,
      lazy: async () => ({ Component: (await import('./GroupPage')).GroupPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./GroupResources')).GroupResources }) },
        { path: 'deployments', lazy: async () => ({ Component: (await import('../deployments/GroupDeployments')).GroupDeployments }) },
        { path: 'access', lazy: async () => ({ Component: (await import('../access/AccessPane')).AccessPane }) },
        { path: 'activity', lazy: async () => ({ Component: (await import('../activity/ActivityPane')).ActivityPane }) },
      ],
    },
    { path: resourceRoute('Microsoft.Resources/deployments'), lazy: async () => ({ Component: (await import('../deployments/DeploymentPage')).DeploymentPage }) },
    { path: '/subscriptions/*', lazy: async () => ({ Component: (await import('./AnyResourcePage')).AnyResourcePage }) },
  ],
}
