import { VirtualNetworkRegular } from '@fluentui/react-icons'
import type { Area } from '../frame/area'

export const network: Area = {
  services: [{ title: 'Virtual networks', path: '/networks', icon: VirtualNetworkRegular, words: ['vnet', 'subnets'], type: 'Microsoft.Network/virtualNetworks', singular: 'Virtual network' }],
  routes: [{ path: '/networks', lazy: async () => ({ Component: (await import('./NetworkList')).NetworkList }) }],
}
