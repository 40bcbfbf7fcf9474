import { GlobeRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { ResourceLink } from '../frame/ResourceLink'
import type { Column } from '../frame/ResourceTable'
import { CreateSimple } from './CreateSimple'
import { newPublic } from './PublicChoice'
import { egressTag, userOf } from './egress'
import { addressType, type PublicAddress } from './resources'
import { TypeList } from '../frame/TypeList'

const columns: Column<PublicAddress>[] = [
  { key: 'address', title: 'Address', value: (a) => a.properties.ipAddress ?? '' },
  { key: 'egress', title: 'Leaves by', value: (a) => a.tags?.[egressTag] ?? '–', wide: true },
  { key: 'user', title: 'Used by', value: userOf, show: (a) => (userOf(a) === '' ? '–' : <ResourceLink id={userOf(a)} />) },
]

export function PublicAddressList() {
  const [creating, setCreating] = useState(false)
  return (
    <TypeList
      title="Public IP addresses"
      icon={GlobeRegular}
      type={addressType}
      noun="public IP address"
      columns={columns}
      create={() => setCreating(true)}
      emptyText="A firewall or a NAT gateway sends what goes to the Internet from its public address, so that destination systems see one address for all environments."
    >
      {creating && <CreateSimple close={() => setCreating(false)} type={addressType} title="Create public IP address" body={newPublic} />}
    </TypeList>
  )
}
