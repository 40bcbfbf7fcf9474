import { ShieldRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Column } from '../frame/ResourceTable'
import { CreateSimple } from './CreateSimple'
import { groupType, type SecurityGroup } from './resources'
import { TypeList } from '../frame/TypeList'

const columns: Column<SecurityGroup>[] = [
  { key: 'rules', title: 'Rules', value: (g) => g.properties.securityRules.length },
  { key: 'subnets', title: 'Subnets', value: (g) => g.properties.subnets?.length ?? 0 },
]

export function SecurityGroupList() {
  const [creating, setCreating] = useState(false)
  return (
    <TypeList
      title="Network security groups"
      icon={ShieldRegular}
      type={groupType}
      noun="network security group"
      columns={columns}
      create={() => setCreating(true)}
      emptyText="A network security group lets flows into and out of subnets, or denies them, by its rules. A subnet without one lets everything through."
    >
      {creating && <CreateSimple close={() => setCreating(false)} type={groupType} title="Create network security group" />}
    </TypeList>
  )
}
