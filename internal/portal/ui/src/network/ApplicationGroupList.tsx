import { TagMultipleRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useAll } from '../api/subscription'
import type { Column } from '../frame/ResourceTable'
import { TypeList } from '../frame/TypeList'
import { isMember, rulesNaming } from './application'
import { CreateSimple } from './CreateSimple'
import { applicationType, groupType, interfaceType, type ApplicationGroup, type Interface, type SecurityGroup } from './resources'

/** ApplicationGroupList has the application security groups, with how much is in them and how often rules name them. */
export function ApplicationGroupList() {
  const [creating, setCreating] = useState(false)
  const interfaces = useAll<Interface>(interfaceType)
  const groups = useAll<SecurityGroup>(groupType)
  const columns: Column<ApplicationGroup>[] = [
    { key: 'members', title: 'Members', value: (g) => interfaces.data?.filter((nic) => isMember(nic, g.id)).length ?? '' },
    { key: 'rules', title: 'Rules', value: (g) => (groups.data ? rulesNaming(groups.data, g.id).length : '') },
  ]
  return (
    <TypeList
      title="Application security groups"
      icon={TagMultipleRegular}
      type={applicationType}
      noun="application security group"
      columns={columns}
      create={() => setCreating(true)}
      emptyText="Security rules name an application security group instead of addresses: what is attached joins it, and the rules hold for it from then on."
    >
      {creating && <CreateSimple close={() => setCreating(false)} type={applicationType} title="Create application security group" />}
    </TypeList>
  )
}
