import { FolderRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { useResourceGroups, useSubscription } from '../api/subscription'
import { EmptyState } from '../frame/EmptyState'
import { ResourceRows } from '../frame/ResourceRows'

/** GroupRows lists the resource groups of the subscription; action is how to make the first one. */
export function GroupRows({ action }: { action?: ReactNode }) {
  const empty = <EmptyState icon={FolderRegular} title="No resource groups yet" text="Everything lies in a resource group." action={action} />
  return <ResourceRows label="Resource groups" noun="resource group" list={useResourceGroups(useSubscription())} inGroups={false} empty={empty} />
}
