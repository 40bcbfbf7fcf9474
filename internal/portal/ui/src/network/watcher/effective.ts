// What rules and routes come to at a network interface or a subnet (network.md §A5, §A8), as tables.

import type { ReactNode } from 'react'

export interface EffectiveRule {
  name: string
  protocol: string
  direction: string
  access: string
  priority: number
  sourceAddressPrefix?: string
  sourceAddressPrefixes?: string[]
  sourcePortRanges?: string[]
  destinationAddressPrefix?: string
  destinationAddressPrefixes?: string[]
  destinationPortRanges?: string[]
}

/** EffectiveGroups is what an interface answers: the groups before it, and before its subnet. */
export interface EffectiveGroups {
  value?: {
    networkSecurityGroup?: { id: string }
    association?: { subnet?: { id: string }; networkInterface?: { id: string } }
    effectiveSecurityRules?: EffectiveRule[]
  }[]
}

/** SecurityView is what POST {watcher}/securityGroupView answers: of an environment, each of its subnets. */
export interface SecurityView {
  networkInterfaces?: ViewedAt[]
}

export interface ViewedAt {
  id: string
  securityRuleAssociations?: { effectiveSecurityRules?: EffectiveRule[] }
}

export interface EffectiveRoute {
  source?: string
  state?: string
  addressPrefix?: string[]
  nextHopType?: string
  nextHopIpAddress?: string[]
}

export function rulesOf(at: ViewedAt): EffectiveRule[] {
  return at.securityRuleAssociations?.effectiveSecurityRules ?? []
}

/** ruleRow are the cells of a rule, with the access as it is marked. */
export function ruleRow(r: EffectiveRule, mark: (access: string) => ReactNode): ReactNode[] {
  const name = r.name.slice(r.name.indexOf('/') + 1)
  const ends = (one: string | undefined, several: string[] = []) => (several.includes('0.0.0.0/0') ? 'Any' : several.join(', ') || one || 'Any')
  const ports = (list: string[] = []) => list.map(portText).join(', ')
  return [
    String(r.priority),
    name,
    r.protocol === 'All' ? 'Any' : r.protocol,
    ends(r.sourceAddressPrefix, r.sourceAddressPrefixes),
    ports(r.sourcePortRanges),
    ends(r.destinationAddressPrefix, r.destinationAddressPrefixes),
    ports(r.destinationPortRanges),
    mark(r.access),
  ]
}

/** portText is a range of ports as people write it: "22" for 22-22, and "Any" for all. */
function portText(range: string): string {
  const [first, last] = range.split('-')
  if (range === '0-65535') return 'Any'
  return first === last || last === undefined ? (first ?? '') : range
}

/** routeRow are the cells of a route; label has the words for a next hop. */
export function routeRow(r: EffectiveRoute, label: (type: string | undefined) => string): ReactNode[] {
  return [r.source ?? '', r.state ?? '', (r.addressPrefix ?? []).join(', '), label(r.nextHopType), (r.nextHopIpAddress ?? []).join(', ') || '–']
}
