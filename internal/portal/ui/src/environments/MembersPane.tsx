import { Button } from '@fluentui/react-components'
import { DeleteRegular, type FluentIcon } from '@fluentui/react-icons'
import { useState, type ReactNode } from 'react'
import { groupOf, nameOf } from '../api/id'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { counted, timeOf } from '../frame/format'
import { useChange } from '../frame/notifications'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { StateBadge } from '../frame/StateBadge'
import { useMembers, type Member } from './environment'
import { useEnvironment } from './useEnvironment'

const columns: Column<Member>[] = [
  { key: 'name', title: 'Name', value: (m) => m.name, show: (m) => <ResourceLink id={m.id} /> },
  { key: 'state', title: 'Status', value: stateOf, show: (m) => <StateBadge state={stateOf(m)} /> },
  { key: 'group', title: 'Resource group', value: (m) => groupOf(m.id), wide: true },
  { key: 'changed', title: 'Changed', value: (m) => m.properties?.changedTime ?? m.properties?.createdTime ?? '', show: (m) => timeOf(m.properties?.changedTime ?? m.properties?.createdTime), wide: true },
]

function stateOf(m: Member): string {
  return m.properties?.overallStatus ?? m.properties?.state ?? m.properties?.provisioningState ?? ''
}

interface MembersProps {
  type: string
  noun: string
  icon: FluentIcon
  empty: string // what belongs here
  add?: ReactNode
}

/** MembersPane lists the resources of a type that are in the environment, and deletes them. */
export function MembersPane({ type, noun, icon, empty, add }: MembersProps) {
  const { id } = useEnvironment()
  const members = useMembers(type, id)
  const change = useChange()
  const [selected, select] = useState<ReadonlySet<string>>(new Set())
  const [asking, setAsking] = useState(false)
  const remove = () => {
    for (const member of selected) {
      const name = nameOf(member)
      change({ id: member, title: `Deleting ${name}`, done: `${name} was deleted.`, send: (client) => client.delete(member) }).catch(() => undefined) // the notification tells it
    }
    select(new Set())
  }
  return (
    <>
      <ResourceTable
        label={`${noun}s`}
        noun={noun}
        rows={members.data}
        keyOf={(m) => m.id}
        columns={columns}
        error={members.error}
        retry={() => void members.refetch()}
        selected={selected}
        select={select}
        tools={
          <>
            {add}
            <Button icon={<DeleteRegular />} disabled={selected.size === 0} onClick={() => setAsking(true)}>
              Delete
            </Button>
          </>
        }
        empty={<EmptyState icon={icon} title={`No ${noun}s in this environment`} text={empty} action={add} />}
      />
      <ConfirmDialog open={asking} close={() => setAsking(false)} title={`Delete ${counted(selected.size, noun)}?`} action="Delete" confirm={remove}>
        {[...selected].map(nameOf).join(', ')}
      </ConfirmDialog>
    </>
  )
}
