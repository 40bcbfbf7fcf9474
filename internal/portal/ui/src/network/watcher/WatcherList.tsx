import { EyeTrackingRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Column } from '../../frame/ResourceTable'
import { TypeList } from '../../frame/TypeList'
import { CreateSimple } from '../CreateSimple'
import { watcherType } from '../resources'

interface Watcher {
  id: string
  name: string
  location: string
}

const columns: Column<Watcher>[] = []

/** WatcherList lists the network watchers. */
export function WatcherList() {
  const [creating, setCreating] = useState(false)
  return (
    <TypeList
      title="Network watchers"
      icon={EyeTrackingRegular}
      type={watcherType}
      noun="network watcher"
      columns={columns}
      create={() => setCreating(true)}
      emptyText="A network watcher draws the topology, judges single flows, and has flow logs and packet captures. One is enough."
    >
      {creating && <CreateSimple close={() => setCreating(false)} type={watcherType} title="Create network watcher" body={{ properties: {} }} />}
    </TypeList>
  )
}
