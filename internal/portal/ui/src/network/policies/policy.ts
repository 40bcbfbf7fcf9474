// Firewall policies in forms (network.md §A6).

import { listed } from '../rule'
import { parseAddress, parseRange } from '../address'
import type { FirewallPolicy } from '../resources'

export const baseHint = 'Its rules are asked before those of this one'

export const tiers = ['Basic', 'Standard', 'Premium']

/** threatModes are in order of strictness: a policy is at least as strict as its base. */
export const threatModes: { mode: string; label: string }[] = [
  { mode: 'Off', label: 'Off' },
  { mode: 'Alert', label: 'Alert only' },
  { mode: 'Deny', label: 'Alert and deny' },
]

export function threatLabel(mode: string | undefined): string {
  return threatModes.find((t) => t.mode === mode)?.label ?? mode ?? ''
}

export function firewallsOf(p: FirewallPolicy): string[] {
  return (p.properties.firewalls ?? []).map((f) => f.id)
}

/** PolicyDraft is what the form of a policy edits; lists are texts with commas. */
export interface PolicyDraft {
  base: string // ID, '' for none
  mode: string
  addresses: string // that threat intelligence lets pass
  names: string
  ranges: string // to which addresses are not translated
}

export function policyDraft({ properties: p }: FirewallPolicy): PolicyDraft {
  const comma = (list: string[] | undefined) => (list ?? []).join(', ')
  return {
    base: p.basePolicy?.id ?? '',
    mode: p.threatIntelMode ?? 'Alert',
    addresses: comma(p.threatIntelWhitelist?.ipAddresses),
    names: comma(p.threatIntelWhitelist?.fqdns),
    ranges: comma(p.snat?.privateRanges),
  }
}

/** propertiesOf are a policy's properties as a draft has them; those that the form does not know stay. */
export function propertiesOf(read: FirewallPolicy['properties'], draft: PolicyDraft): FirewallPolicy['properties'] {
  const { basePolicy: _base, threatIntelWhitelist: _allowed, snat: _snat, ...rest } = read
  const [ipAddresses, fqdns, privateRanges] = [listed(draft.addresses), listed(draft.names), listed(draft.ranges)]
  return {
    ...rest,
    threatIntelMode: draft.mode,
    ...(draft.base !== '' && { basePolicy: { id: draft.base } }),
    ...((ipAddresses.length > 0 || fqdns.length > 0) && { threatIntelWhitelist: { ipAddresses, fqdns } }),
    ...(privateRanges.length > 0 && { snat: { privateRanges } }),
  }
}

export type PolicyField = keyof PolicyDraft

const members: [string, PolicyField][] = [
  ['basePolicy', 'base'],
  ['threatIntelMode', 'mode'],
  ['threatIntelWhitelist.ipAddresses', 'addresses'],
  ['threatIntelWhitelist.fqdns', 'names'],
  ['snat', 'ranges'],
]

/** policyField is the field that an error's target is about. */
export function policyField(target: string): PolicyField | undefined {
  return members.find(([member]) => target.includes(member))?.[1]
}

/** entriesProblem says what is wrong with addresses, ranges, and first-last. */
export function entriesProblem(entries: string[]): string {
  const wrong = entries.find((text) => {
    const [first = '', last] = text.split('-')
    if (text.includes(':')) return false // IPv6 is the server's to judge
    return last === undefined ? parseAddress(text) === undefined && parseRange(text) === undefined : parseAddress(first.trim()) === undefined || parseAddress(last.trim()) === undefined
  })
  return wrong === undefined ? '' : `“${wrong}” is no address, no range such as 10.0.0.0/24, and not the first and the last address of one.`
}
