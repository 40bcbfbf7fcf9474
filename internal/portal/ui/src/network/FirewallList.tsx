import { FireRegular } from '@fluentui/react-icons'
import { useNavigate } from 'react-router'
import type { Column } from '../frame/ResourceTable'
import { privateAddress } from './firewall'
import { firewallType, type Firewall } from './resources'
import { TypeList } from '../frame/TypeList'

const columns: Column<Firewall>[] = [
  { key: 'address', title: 'Private IP address', value: (f) => privateAddress(f) },
  { key: 'collections', title: 'Rule collections', value: (f) => f.properties.networkRuleCollections.length },
]

export function FirewallList() {
  const navigate = useNavigate()
  return (
    <TypeList
      title="Firewalls"
      icon={FireRegular}
      type={firewallType}
      noun="firewall"
      columns={columns}
      create={() => void navigate('/firewalls/create')}
      emptyText="Through a firewall, all environments of a network leave for destination systems by one public address, and by its network rules alone."
    />
  )
}
