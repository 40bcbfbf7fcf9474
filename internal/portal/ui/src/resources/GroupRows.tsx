import { FolderRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { useResourceGroups, useSubscription, type ResourceGroup } from '../api/subscription'
import { EmptyState } from '../frame/EmptyState'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourceTable, type Column } from '../frame/ResourceTable'

const columns: Column<ResourceGroup>[] = [
  { key: 'name', title: 'Name', value: (g) => g.name, show: (g) => <ResourceLink id={g.id} /> },
  { key: 'location', title: 'Location', value: (g) => g.location },
]

/** GroupRows lists the resource groups of the subscription; action is how to make the first one. */
export function GroupRows({ action }: { action?: ReactNode }) {
  const subscription = useSubscription()
  const groups = useResourceGroups(subscription)
  return (
    <ResourceTable
      label="Resource groups"
      noun="resource group"
      rows={groups.data}
      keyOf={(g) => g.id}
      columns={columns}
      error={groups.error}
      retry={() => void groups.refetch()}
      empty={<EmptyState icon={FolderRegular} title="No resource groups yet" text="Everything lies in a resource group." action={action} />}
    />
  )
}
