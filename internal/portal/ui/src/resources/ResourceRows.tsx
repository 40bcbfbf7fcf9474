import { GridRegular } from '@fluentui/react-icons'
import { groupOf } from '../api/id'
import { useResources } from '../api/resources'
import { EmptyState } from '../frame/EmptyState'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourceTable, type Column } from '../frame/ResourceTable'

interface Resource {
  id: string
  name: string
  type: string
  location: string
}

const columns: Column<Resource>[] = [
  { key: 'name', title: 'Name', value: (r) => r.name, show: (r) => <ResourceLink id={r.id} /> },
  { key: 'type', title: 'Type', value: (r) => r.type },
  { key: 'group', title: 'Resource group', value: (r) => groupOf(r.id), show: (r) => <ResourceLink id={r.id.slice(0, r.id.toLowerCase().indexOf('/providers/'))}>{groupOf(r.id)}</ResourceLink>, wide: true },
  { key: 'location', title: 'Location', value: (r) => r.location, wide: true, width: '140px' },
]

/** ResourceRows lists the resources of a subscription or a group; '' is a scope that is not known yet. */
export function ResourceRows({ scope }: { scope: string }) {
  const list = useResources<Resource>(`${scope}/resources`, { enabled: scope !== '' })
  return (
    <ResourceTable
      label="Resources"
      noun="resource"
      rows={list.data}
      keyOf={(r) => r.id}
      columns={columns}
      error={list.error}
      retry={() => void list.refetch()}
      empty={<EmptyState icon={GridRegular} title="No resources yet" text="Create an environment or a network, or deploy a template." />}
    />
  )
}
