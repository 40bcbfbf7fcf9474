import { CloudArrowUpRegular } from '@fluentui/react-icons'
import { useQueries } from '@tanstack/react-query'
import { useClient } from '../api/context'
import { toApiError } from '../api/error'
import { groupOf } from '../api/id'
import { listAll } from '../api/list'
import type { DeploymentExtended } from '../api/models/resources'
import { EmptyState } from '../frame/EmptyState'
import { timeOf } from '../frame/format'
import { ResourceLink } from '../frame/ResourceLink'
import { GroupLink } from '../frame/ResourceRows'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { StateBadge } from '../frame/StateBadge'

type Deployment = DeploymentExtended & { id: string; name: string }

const columns: Column<Deployment>[] = [
  { key: 'name', title: 'Name', value: (d) => d.name, show: (d) => <ResourceLink id={d.id} /> },
  { key: 'state', title: 'Status', value: (d) => String(d.properties?.provisioningState ?? ''), show: (d) => <StateBadge state={String(d.properties?.provisioningState ?? '')} /> },
  { key: 'time', title: 'Time', value: (d) => d.properties?.timestamp ?? '', show: (d) => timeOf(d.properties?.timestamp) },
  { key: 'group', title: 'Resource group', value: (d) => groupOf(d.id), show: (d) => <GroupLink id={d.id} />, wide: true },
]

/** DeploymentRows lists the deployments of resource groups, given by their IDs. */
export function DeploymentRows({ groups }: { groups: string[] | undefined }) {
  const client = useClient()
  const lists = useQueries({
    queries: (groups ?? []).map((g) => ({ queryKey: ['list', 'deployments', g.toLowerCase()], queryFn: () => listAll<Deployment>(client, `${g}/providers/Microsoft.Resources/deployments`) })),
  })
  const read = groups !== undefined && lists.every((l) => l.data !== undefined || l.error !== null)
  const failed = lists.find((l) => l.error !== null)?.error
  const rows = lists.flatMap((l) => l.data ?? []).sort((a, b) => (b.properties?.timestamp ?? '').localeCompare(a.properties?.timestamp ?? ''))
  return (
    <ResourceTable
      label="Deployments"
      noun="deployment"
      rows={read ? rows : undefined}
      keyOf={(d) => d.id}
      columns={columns}
      {...(failed ? { error: toApiError(failed) } : {})}
      empty={<EmptyState icon={CloudArrowUpRegular} title="No deployments yet" text="isle deploy, az deployment group create, and what is created here leave them." />}
    />
  )
}
