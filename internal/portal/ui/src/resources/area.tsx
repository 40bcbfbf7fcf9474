import { CloudArrowUpRegular, FolderRegular, GridRegular, KeyMultipleRegular } from '@fluentui/react-icons'
import { resourceRoute, type Area } from '../frame/area'
import { everyRoute } from '../frame/everywhere'

const group = '/subscriptions/:subscription/resourceGroups/:group'

/** resources are the lists of everything, resource groups, deployments, and the page of what has none of its own. */
export const resources: Area = {
  title: 'Management',
  services: [
    { title: 'Resource groups', path: '/resource-groups', icon: FolderRegular, type: 'Microsoft.Resources/resourceGroups', singular: 'Resource group' },
    { title: 'All resources', path: '/resources', icon: GridRegular, words: ['everything'], inNavigation: true },
    { title: 'Subscription', path: '/subscription', icon: KeyMultipleRegular, words: ['locks', 'access control', 'roles'], type: 'Microsoft.Resources/subscriptions', singular: 'Subscription' },
    { title: 'Deployments', path: '/deployments', icon: CloudArrowUpRegular, words: ['templates'], type: 'Microsoft.Resources/deployments', singular: 'Deployment' },
  ],
  routes: [
    { path: '/resources', lazy: async () => ({ Component: (await import('./ResourceList')).ResourceList }) },
    { path: '/resource-groups', lazy: async () => ({ Component: (await import('./GroupList')).GroupList }) },
    { path: '/deployments', lazy: async () => ({ Component: (await import('../deployments/DeploymentList')).DeploymentList }) },
    { path: '/subscription', lazy: async () => ({ Component: (await import('./OwnSubscription')).OwnSubscription }) },
    {
      path: '/subscriptions/:subscription',
      lazy: async () => ({ Component: (await import('./SubscriptionPage')).SubscriptionPage }),
      children: [{ index: true, lazy: async () => ({ Component: (await import('./GroupRows')).GroupRows }) }, ...everyRoute],
    },
    {
      path: group,
      lazy: async () => ({ Component: (await import('./GroupPage')).GroupPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./GroupResources')).GroupResources }) },
        { path: 'runs', lazy: async () => ({ Component: (await import('../runs/GroupRuns')).GroupRuns }) },
        { path: 'deployments', lazy: async () => ({ Component: (await import('../deployments/GroupDeployments')).GroupDeployments }) },
        ...everyRoute,
      ],
    },
    { path: resourceRoute('Microsoft.Resources/deployments'), lazy: async () => ({ Component: (await import('../deployments/DeploymentPage')).DeploymentPage }) },
    {
      path: `${group}/providers/:namespace/:type/:name`,
      lazy: async () => ({ Component: (await import('./AnyResourcePage')).AnyResourcePage }),
      children: [{ index: true, lazy: async () => ({ Component: (await import('./ResourceText')).ResourceText }) }, ...everyRoute],
    },
    { path: '/subscriptions/*', lazy: async () => ({ Component: (await import('./AnyResourcePage')).PartPage }) },
  ],
}
