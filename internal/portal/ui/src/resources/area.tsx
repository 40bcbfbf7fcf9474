import { GridRegular } from '@fluentui/react-icons'
import type { Area } from '../frame/area'

export const resources: Area = {
  services: [{ title: 'All resources', path: '/resources', icon: GridRegular, words: ['everything'] }],
  routes: [{ path: '/resources', lazy: async () => ({ Component: (await import('./ResourceList')).ResourceList }) }],
}
