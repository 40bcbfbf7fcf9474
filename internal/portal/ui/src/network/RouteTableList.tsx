import { TableRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Column } from '../frame/ResourceTable'
import { CreateSimple } from './CreateSimple'
import { tableType, type RouteTable } from './resources'
import { TypeList } from '../frame/TypeList'

const columns: Column<RouteTable>[] = [
  { key: 'routes', title: 'Routes', value: (t) => t.properties.routes.length },
  { key: 'subnets', title: 'Subnets', value: (t) => t.properties.subnets?.length ?? 0 },
]

export function RouteTableList() {
  const [creating, setCreating] = useState(false)
  return (
    <TypeList
      title="Route tables"
      icon={TableRegular}
      type={tableType}
      noun="route table"
      columns={columns}
      create={() => setCreating(true)}
      emptyText="A route table leads what leaves a subnet somewhere else than the system's routes do, such as through a firewall."
    >
      {creating && <CreateSimple close={() => setCreating(false)} type={tableType} title="Create route table" />}
    </TypeList>
  )
}
