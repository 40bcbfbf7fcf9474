import { ServerMultipleRegular } from '@fluentui/react-icons'
import { useNavigate } from 'react-router'
import type { Column } from '../frame/ResourceTable'
import { StateBadge } from '../frame/StateBadge'
import { TypeList } from '../frame/TypeList'
import { environmentType, skuText, type Environment } from './environment'

const columns: Column<Environment>[] = [
  { key: 'state', title: 'Status', value: (e) => e.properties.provisioningState ?? '', show: (e) => <StateBadge state={e.properties.provisioningState ?? ''} /> },
  { key: 'network', title: 'Network', value: (e) => e.properties.networkHealth?.state ?? '', show: (e) => <StateBadge state={e.properties.networkHealth?.state ?? 'Unknown'} /> },
  { key: 'sku', title: 'SKU', value: skuText, wide: true },
  { key: 'endpoint', title: 'Access endpoint', value: (e) => e.properties.networkConfiguration?.accessEndpoint?.type ?? '', wide: true },
]

const every = 15_000 // ms between looks

/** EnvironmentList is the list of all environments. */
export function EnvironmentList() {
  const navigate = useNavigate()
  return (
    <TypeList
      title="Integration Service Environments"
      icon={ServerMultipleRegular}
      type={environmentType}
      noun="integration service environment"
      columns={columns}
      create={() => void navigate('/environments/create')}
      createLabel="Add"
      every={every}
      emptyText="An environment runs your workflows inside a virtual network, with storage and addresses of its own."
    />
  )
}
