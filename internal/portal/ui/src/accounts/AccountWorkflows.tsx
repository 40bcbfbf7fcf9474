import { FlowRegular } from '@fluentui/react-icons'
import { groupOf, sameId } from '../api/id'
import { useResources } from '../api/resources'
import { useSubscription } from '../api/subscription'
import { EmptyState } from '../frame/EmptyState'
import { ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { accountType } from './area'

interface User {
  id: string
  name: string
  location: string
  properties: { state?: string; integrationAccount?: { id?: string } }
}

const columns: Column<User>[] = [
  { key: 'name', title: 'Name', value: (w) => w.name, show: (w) => <ResourceLink id={w.id} /> },
  { key: 'state', title: 'State', value: (w) => w.properties.state ?? '' },
  { key: 'group', title: 'Resource group', value: (w) => groupOf(w.id), wide: true },
]

/** AccountWorkflows are the workflows that use an integration account. */
export function AccountWorkflows() {
  const id = useResourceId(accountType)
  const subscription = useSubscription()
  const workflows = useResources<User>(`/subscriptions/${subscription}/providers/Microsoft.Logic/workflows`, { enabled: subscription !== '' })
  const users = workflows.data?.filter((w) => sameId(w.properties.integrationAccount?.id, id))
  return (
    <ResourceTable
      label="Workflows"
      noun="workflow"
      rows={users}
      keyOf={(w) => w.id}
      columns={columns}
      error={workflows.error}
      retry={() => void workflows.refetch()}
      empty={<EmptyState icon={FlowRegular} title="No workflow uses it" text="A workflow uses an account that its settings name." />}
    />
  )
}
