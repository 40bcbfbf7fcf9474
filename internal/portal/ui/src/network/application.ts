// Application security groups: rules name them instead of addresses, and the IP
// configurations of interfaces are their members (network.md §A4).

import { sameId } from '../api/id'
import type { Interface, Rule, SecurityGroup } from './resources'

/** groupsOf are the IDs of the application security groups that an interface is a member of. */
export function groupsOf(nic: Interface): string[] {
  return [...new Set(nic.properties.ipConfigurations.flatMap((c) => (c.properties.applicationSecurityGroups ?? []).map((g) => g.id)))]
}

/** isMember says whether an interface is a member of an application security group. */
export function isMember(nic: Interface, group: string): boolean {
  return groupsOf(nic).some((id) => sameId(id, group))
}

/** membership is the body of an interface that is, or is not, a member of a group with all of its IP configurations; all else stays. */
export function membership(nic: Interface, group: string, member: boolean): object {
  const { location, tags, properties } = nic
  const ipConfigurations = properties.ipConfigurations.map((c) => {
    const others = (c.properties.applicationSecurityGroups ?? []).filter((g) => !sameId(g.id, group))
    return { ...c, properties: { ...c.properties, applicationSecurityGroups: member ? [...others, { id: group }] : others } }
  })
  return { location, ...(tags === undefined ? {} : { tags }), properties: { ...properties, ipConfigurations } }
}

/** rulesNaming are the security rules that name an application security group at either side. */
export function rulesNaming(groups: SecurityGroup[], group: string): Rule[] {
  const names = ({ properties: p }: Rule) => [...(p.sourceApplicationSecurityGroups ?? []), ...(p.destinationApplicationSecurityGroups ?? [])].some((g) => sameId(g.id, group))
  return groups.flatMap((g) => g.properties.securityRules.filter(names))
}
