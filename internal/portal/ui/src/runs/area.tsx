import { HistoryRegular } from '@fluentui/react-icons'
import { resourceRoute, type Area } from '../frame/area'

export const runs: Area = {
  title: 'Integration',
  services: [{ title: 'Runs', path: '/runs', icon: HistoryRegular, words: ['run', 'history'] }],
  routes: [
    { path: '/runs', lazy: async () => ({ Component: (await import('./RunList')).RunList }) },
    { path: resourceRoute('Microsoft.Logic/workflows/runs'), lazy: async () => ({ Component: (await import('./RunPage')).RunPage }) },
  ],
}
