import { ServerMultipleRegular } from '@fluentui/react-icons'
import { groupOf } from '../api/id'
import { useResources } from '../api/resources'
import { useSubscription } from '../api/subscription'
import { EmptyState } from '../frame/EmptyState'
import { Page } from '../frame/Page'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { environmentType } from './area'

interface Environment {
  id: string
  name: string
  location: string
}

const columns: Column<Environment>[] = [
  { key: 'name', title: 'Name', value: (e) => e.name, show: (e) => <ResourceLink id={e.id} /> },
  { key: 'group', title: 'Resource group', value: (e) => groupOf(e.id) },
  { key: 'location', title: 'Location', value: (e) => e.location, wide: true },
]

export function EnvironmentList() {
  const subscription = useSubscription()
  const list = useResources<Environment>(`/subscriptions/${subscription}/providers/${environmentType}`, { enabled: subscription !== '' })
  return (
    <Page title="Integration Service Environments" icon={ServerMultipleRegular}>
      <ResourceTable label="Environments" noun="environment" rows={list.data} keyOf={(e) => e.id} columns={columns} error={list.error} empty={<EmptyState icon={ServerMultipleRegular} title="No environments" />} />
    </Page>
  )
}
