import { Button, Text } from '@fluentui/react-components'
import { AddRegular, DeleteRegular, LockClosedRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { sameId } from '../api/id'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { useChange } from '../frame/notifications'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { useScope } from '../frame/scope'
import { AddLock } from './AddLock'
import { levelText, lockedScope, lockPlace, type Lock } from './lock'
import { useLocks } from './useLocks'

/** LocksPane shows the locks that hold at a resource, a group or a subscription, adds and deletes them. */
export function LocksPane() {
  const scope = useScope()
  const locks = useLocks(scope)
  const change = useChange()
  const [adding, setAdding] = useState(false)
  const [deleting, setDeleting] = useState<Lock>()
  const here = (locks.data ?? []).filter((l) => sameId(lockedScope(l.id), scope))
  const remove = () => {
    if (deleting === undefined) return
    const { id, name } = deleting
    change({ id, title: `Deleting the lock ${name}`, done: `The lock ${name} was deleted.`, send: (client) => client.delete(id) }).catch(() => undefined) // the notification tells it
  }
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
      Add lock
    </Button>
  )
  return (
    <>
      <ResourceTable
        label="Locks"
        noun="lock"
        rows={locks.data}
        keyOf={(l) => l.id}
        columns={columns(scope, setDeleting)}
        error={locks.error}
        retry={locks.refetch}
        filterable={(locks.data ?? []).length > 8}
        tools={add}
        empty={<EmptyState icon={LockClosedRegular} title="No locks" text="A lock keeps a resource, and all that is in it, from being deleted or changed by mistake." action={add} />}
      />
      {adding && <AddLock scope={scope} taken={here.map((l) => l.name)} close={() => setAdding(false)} />}
      <ConfirmDialog open={deleting !== undefined} close={() => setDeleting(undefined)} title={`Delete the lock ${deleting?.name ?? ''}?`} action="Delete" confirm={remove}>
        <Text>What it stood against is possible again at once.</Text>
      </ConfirmDialog>
    </>
  )
}

function columns(scope: string, remove: (l: Lock) => void): Column<Lock>[] {
  return [
    { key: 'name', title: 'Name', value: (l) => l.name },
    { key: 'level', title: 'Lock type', value: (l) => levelText(l.properties?.level) },
    { key: 'place', title: 'Where', value: (l) => lockPlace(l.id, scope) },
    { key: 'notes', title: 'Notes', value: (l) => l.properties?.notes ?? '', wide: true },
    {
      key: 'actions',
      title: '',
      width: '48px',
      show: (l) => <Button size="small" appearance="subtle" icon={<DeleteRegular />} aria-label={`Delete the lock ${l.name}`} onClick={() => remove(l)} />,
    },
  ]
}
