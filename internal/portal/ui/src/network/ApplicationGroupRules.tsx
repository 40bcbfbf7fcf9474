import { ShieldTaskRegular } from '@fluentui/react-icons'
import { nameOf, parentOf } from '../api/id'
import { useAll } from '../api/subscription'
import { EmptyState } from '../frame/EmptyState'
import { PageLink, ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { rulesNaming } from './application'
import { applicationType, groupType, type Rule, type SecurityGroup } from './resources'
import { AccessMark } from './RuleTable'

const columns: Column<Rule>[] = [
  { key: 'name', title: 'Rule', value: (r) => r.name, show: (r) => <ResourceLink id={r.id} /> },
  { key: 'group', title: 'Network security group', value: (r) => nameOf(parentOf(r.id)), show: (r) => <ResourceLink id={parentOf(r.id)} /> },
  { key: 'direction', title: 'Direction', value: (r) => r.properties.direction },
  { key: 'priority', title: 'Priority', value: (r) => r.properties.priority },
  { key: 'action', title: 'Action', value: (r) => r.properties.access, show: (r) => <AccessMark access={r.properties.access} /> },
]

/** ApplicationGroupRules are the security rules that name the application security group of the page. */
export function ApplicationGroupRules() {
  const id = useResourceId(applicationType)
  const groups = useAll<SecurityGroup>(groupType)
  const empty = (
    <EmptyState
      icon={ShieldTaskRegular}
      title="No rule names it"
      text="A rule of a network security group takes it as its source or destination, instead of addresses."
      action={<PageLink to="/network-security-groups">Network security groups</PageLink>}
    />
  )
  return (
    <ResourceTable
      label="Security rules"
      noun="rule"
      rows={groups.data && rulesNaming(groups.data, id)}
      keyOf={(r) => r.id}
      columns={columns}
      error={groups.error}
      retry={() => void groups.refetch()}
      empty={empty}
    />
  )
}
