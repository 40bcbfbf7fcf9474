// A route of a route table in a form (network.md §A5, §A9).

import { looksLikeIPv6, parseAddress, rangeProblem } from './address'
import { resourceNameProblem } from './name'

/** RouteDraft is a route as the form has it. */
export interface RouteDraft {
  name: string
  prefix: string
  nextHopType: string
  nextHop: string
}

export const appliance = 'VirtualAppliance'

/** The next hops that a route can have, with the portal's words for them. */
export const nextHops: { type: string; label: string; hint: string }[] = [
  { type: appliance, label: 'Virtual appliance', hint: 'A firewall or an appliance of the network, by its private address.' },
  { type: 'Internet', label: 'Internet', hint: 'Out, by this host.' },
  { type: 'VnetLocal', label: 'Virtual network', hint: 'Stays in the network.' },
  { type: 'VirtualNetworkGateway', label: 'Virtual network gateway', hint: "What lies behind the network's gateway." },
  { type: 'None', label: 'None', hint: 'Dropped.' },
]

export function nextHopLabel(type: string | undefined): string {
  return nextHops.find((hop) => hop.type === type)?.label ?? type ?? ''
}

const members: Record<string, keyof RouteDraft> = {
  name: 'name',
  addressPrefix: 'prefix',
  nextHopType: 'nextHopType',
  nextHopIpAddress: 'nextHop',
}

/** routeField is the field that an error's target is about. */
export function routeField(target: string): keyof RouteDraft | undefined {
  return members[target.split('.').pop() ?? '']
}

/** routeProblems are all problems of a draft; others are the table's other routes, tags the known service tags. */
export function routeProblems(draft: RouteDraft, others: RouteDraft[], tags: ReadonlySet<string>): Partial<Record<keyof RouteDraft, string>> {
  const found: Partial<Record<keyof RouteDraft, string>> = {}
  const name = resourceNameProblem(draft.name)
  const twin = others.find((o) => o.name.toLowerCase() === draft.name.toLowerCase())
  if (name !== '') found.name = name
  else if (twin) found.name = `There is a route ${draft.name} already.`
  const prefix = destinationProblem(draft.prefix, tags)
  const same = others.find((o) => o.prefix.toLowerCase() === draft.prefix.trim().toLowerCase())
  if (prefix !== '') found.prefix = prefix
  else if (same) found.prefix = `The route ${same.name} has the prefix ${draft.prefix}, and one prefix has one next hop.`
  if (draft.nextHopType === appliance && !looksLikeIPv6(draft.nextHop) && parseAddress(draft.nextHop) === undefined) {
    found.nextHop = 'Give the private address of the firewall or appliance.'
  }
  return found
}

function destinationProblem(text: string, tags: ReadonlySet<string>): string {
  const tag = text.trim().toLowerCase()
  if (tag === 'virtualnetwork' || tag === 'internet') return `The service tag ${text} cannot be a route's destination, because routes decide what it has.`
  if (tags.has(tag)) return ''
  return rangeProblem(text)
}

/** routePropertiesOf is a draft as the wire has it. */
export function routePropertiesOf(draft: RouteDraft): { addressPrefix: string; nextHopType: string; nextHopIpAddress?: string } {
  const properties = { addressPrefix: draft.prefix.trim(), nextHopType: draft.nextHopType }
  return draft.nextHopType === appliance ? { ...properties, nextHopIpAddress: draft.nextHop.trim() } : properties
}
