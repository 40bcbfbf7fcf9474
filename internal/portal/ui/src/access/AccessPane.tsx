import { Button, Tooltip } from '@fluentui/react-components'
import { AddRegular, DeleteRegular, PeopleRegular } from '@fluentui/react-icons'
import { useMemo, useState } from 'react'
import { nameOf, parseId, sameId } from '../api/id'
import type { RoleAssignment, RoleDefinition } from '../api/models/authorization'
import { useResources } from '../api/resources'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { useChange } from '../frame/notifications'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { useScope } from '../frame/scope'
import { AssignRole } from './AssignRole'
import { kinds, useDirectory } from './directory'

interface Row {
  id: string
  role: string
  who: string
  hint: string
  kind: string
  scope: string
}

/** AccessPane shows who has which role at a resource, gives roles, and takes them. */
export function AccessPane() {
  const scope = useScope()
  const assignments = useResources<RoleAssignment>(`${scope}/providers/Microsoft.Authorization/roleAssignments`)
  const definitions = useResources<RoleDefinition>(`${scope}/providers/Microsoft.Authorization/roleDefinitions`)
  const directory = useDirectory()
  const change = useChange()
  const [giving, setGiving] = useState(false)
  const [taking, setTaking] = useState<Row>()
  const rows = useMemo(() => assignments.data?.map((a) => row(a, definitions.data ?? [], directory.data ?? [])), [assignments.data, definitions.data, directory.data])
  const take = () => {
    if (taking === undefined) return
    const { id, role, who } = taking
    change({ id, title: `Taking ${role} from ${who}`, done: `${who} is ${role} no more.`, send: (client) => client.delete(id) }).catch(() => undefined) // the notification tells it
  }
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setGiving(true)}>
      Add role assignment
    </Button>
  )
  return (
    <>
      <ResourceTable
        label="Role assignments"
        noun="role assignment"
        rows={rows}
        keyOf={(r) => r.id}
        columns={columns(scope, setTaking)}
        error={assignments.error}
        retry={() => void assignments.refetch()}
        tools={add}
        empty={<EmptyState icon={PeopleRegular} title="Nobody has a role here" action={add} />}
      />
      {giving && <AssignRole scope={scope} definitions={definitions.data ?? []} people={directory.data ?? []} close={() => setGiving(false)} />}
      <ConfirmDialog open={taking !== undefined} close={() => setTaking(undefined)} title={`Take the role ${taking?.role ?? ''} from ${taking?.who ?? ''}?`} action="Remove" confirm={take}>
        What they are doing goes on; what they ask for next is refused.
      </ConfirmDialog>
    </>
  )
}

function row(a: RoleAssignment, definitions: RoleDefinition[], people: { id: string; name: string; hint: string }[]): Row {
  const { roleDefinitionId = '', principalId = '', principalType = '', scope = '' } = a.properties ?? {}
  const role = definitions.find((d) => d.name === nameOf(roleDefinitionId))?.properties?.roleName ?? nameOf(roleDefinitionId)
  const who = people.find((p) => sameId(p.id, principalId))
  return { id: a.id ?? '', role, who: who?.name ?? principalId, hint: who?.hint ?? '', kind: kinds[principalType] ?? principalType, scope }
}

function columns(scope: string, take: (r: Row) => void): Column<Row>[] {
  return [
    { key: 'who', title: 'Who', value: (r) => `${r.who} ${r.hint}`, show: (r) => <Tooltip content={r.hint || r.who} relationship="description"><span>{r.who}</span></Tooltip> },
    { key: 'kind', title: 'Type', value: (r) => r.kind, wide: true, width: '120px' },
    { key: 'role', title: 'Role', value: (r) => r.role },
    { key: 'scope', title: 'Scope', value: (r) => scopeText(r.scope, scope), wide: true },
    {
      key: 'actions',
      title: '',
      width: '48px',
      show: (r) => sameId(r.scope, scope) && <Button size="small" appearance="subtle" icon={<DeleteRegular />} aria-label={`Take ${r.role} from ${r.who}`} onClick={() => take(r)} />,
    },
  ]
}

function scopeText(scope: string, here: string): string {
  if (sameId(scope, here)) return 'This resource'
  const parsed = parseId(scope)
  if (parsed === undefined) return 'Everything (inherited)'
  return parsed.group === '' ? 'Subscription (inherited)' : `${nameOf(scope)} (inherited)`
}
