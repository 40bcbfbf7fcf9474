import { GroupListRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { ResourceLinks } from '../../frame/ResourceLinks'
import type { Column } from '../../frame/ResourceTable'
import { TypeList } from '../../frame/TypeList'
import { CreateSimple } from '../CreateSimple'
import { ipGroupType, type IpGroup } from '../resources'
import { usersOf } from './IpGroupPage'

const columns: Column<IpGroup>[] = [
  { key: 'addresses', title: 'Addresses', value: (g) => g.properties.ipAddresses.length },
  { key: 'users', title: 'Used by', value: (g) => usersOf(g).length, show: (g) => (usersOf(g).length === 0 ? '–' : <ResourceLinks ids={usersOf(g)} />) },
]

/** IpGroupList lists the IP groups. */
export function IpGroupList() {
  const [creating, setCreating] = useState(false)
  return (
    <TypeList
      title="IP groups"
      icon={GroupListRegular}
      type={ipGroupType}
      noun="IP group"
      columns={columns}
      create={() => setCreating(true)}
      emptyText="An IP group is a list of addresses that rules of firewalls and of their policies name in place of the addresses."
    >
      {creating && <CreateSimple close={() => setCreating(false)} type={ipGroupType} title="Create IP group" body={{ properties: { ipAddresses: [] } }} />}
    </TypeList>
  )
}
