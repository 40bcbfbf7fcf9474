import { ArrowExitRegular } from '@fluentui/react-icons'
import { useNavigate } from 'react-router'
import type { Column } from '../frame/ResourceTable'
import { TypeList } from '../frame/TypeList'
import { PublicLinks } from './PublicLinks'
import { natType, type NatGateway } from './resources'

const columns: Column<NatGateway>[] = [
  { key: 'addresses', title: 'Public IP addresses', show: (n) => <PublicLinks ids={(n.properties.publicIpAddresses ?? []).map((a) => a.id)} /> },
  { key: 'subnets', title: 'Subnets', value: (n) => n.properties.subnets?.length ?? 0 },
]

/** NatGatewayList has the NAT gateways of all networks. */
export function NatGatewayList() {
  const navigate = useNavigate()
  return (
    <TypeList
      title="NAT gateways"
      icon={ArrowExitRegular}
      type={natType}
      noun="NAT gateway"
      columns={columns}
      create={() => void navigate('/nat-gateways/create')}
      emptyText="With a NAT gateway, what leaves a subnet for the Internet comes from one public address. It judges nothing: for rules, take a firewall."
    />
  )
}
