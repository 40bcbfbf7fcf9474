import { GridRegular } from '@fluentui/react-icons'
import { useResources } from '../api/resources'
import { EmptyState } from '../frame/EmptyState'
import { ResourceRows, type Listed } from '../frame/ResourceRows'
import type { Column } from '../frame/ResourceTable'

interface Resource extends Listed {
  type: string
}

const columns: Column<Resource>[] = [{ key: 'type', title: 'Type', value: (r) => r.type }]

interface ScopeProps {
  scope: string // ID of a subscription or a group, '' while it is not known
  inGroups?: boolean // false: it is a group
}

/** ScopeResources lists the resources of a subscription or a group. */
export function ScopeResources({ scope, inGroups = true }: ScopeProps) {
  const list = useResources<Resource>(`${scope}/resources`, { enabled: scope !== '' })
  const empty = <EmptyState icon={GridRegular} title="No resources yet" text="Create an environment or a network, or deploy a template." />
  return <ResourceRows label="Resources" noun="resource" list={list} columns={columns} inGroups={inGroups} empty={empty} />
}
