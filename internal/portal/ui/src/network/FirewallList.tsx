import { FireRegular } from '@fluentui/react-icons'
import { useNavigate } from 'react-router'
import type { Column } from '../frame/ResourceTable'
import { nameOf } from '../api/id'
import { ResourceLink } from '../frame/ResourceLink'
import { ofFirewall } from './collection'
import { privateAddress } from './firewall'
import { firewallType, type Firewall } from './resources'
import { TypeList } from '../frame/TypeList'

const columns: Column<Firewall>[] = [
  { key: 'address', title: 'Private IP address', value: (f) => privateAddress(f) },
  { key: 'policy', title: 'Firewall policy', value: (f) => nameOf(f.properties.firewallPolicy?.id ?? ''), show: (f) => (f.properties.firewallPolicy ? <ResourceLink id={f.properties.firewallPolicy.id} /> : '–'), wide: true },
  { key: 'collections', title: 'Own rule collections', value: (f) => ofFirewall(f.properties).length },
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
