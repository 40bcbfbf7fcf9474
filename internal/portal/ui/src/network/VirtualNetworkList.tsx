import { VirtualNetworkRegular } from '@fluentui/react-icons'
import { useNavigate } from 'react-router'
import { counted } from '../frame/format'
import type { Column } from '../frame/ResourceTable'
import { networkType, ownersOf, type VirtualNetwork } from './resources'
import { TypeList } from '../frame/TypeList'
import { typeOf } from '../api/id'
import { environmentType } from './resources'

const columns: Column<VirtualNetwork>[] = [
  { key: 'space', title: 'Address space', value: (n) => n.properties.addressSpace.addressPrefixes.join(', ') },
  { key: 'subnets', title: 'Subnets', value: (n) => n.properties.subnets.length },
  { key: 'environments', title: 'Environments', value: environments, show: (n) => (environments(n) === 0 ? '–' : counted(environments(n), 'environment')), wide: true },
]

/** environments is how many environments are in a network. */
function environments(network: VirtualNetwork): number {
  const owners = network.properties.subnets.flatMap(ownersOf).map((id) => id.toLowerCase())
  return new Set(owners.filter((id) => typeOf(id).toLowerCase() === environmentType.toLowerCase())).size
}

export function VirtualNetworkList() {
  const navigate = useNavigate()
  return (
    <TypeList
      title="Virtual networks"
      icon={VirtualNetworkRegular}
      type={networkType}
      noun="virtual network"
      columns={columns}
      create={() => void navigate('/virtual-networks/create')}
      emptyText="An integration service environment is injected into a virtual network: it needs one with four empty subnets."
    />
  )
}
