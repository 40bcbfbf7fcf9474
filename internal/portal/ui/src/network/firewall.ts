import { addressesProblem, listed, portsProblem } from './rule'
import { resourceNameProblem } from './name'
import type { Firewall, FirewallRule, RuleCollection, Subnet, VirtualNetwork } from './resources'

/** privateAddress is the address that routes lead to a firewall by; '' if it is in no subnet. */
export function privateAddress(firewall: Firewall): string {
  return firewall.properties.ipConfigurations.find((c) => c.properties.privateIPAddress)?.properties.privateIPAddress ?? ''
}

/** firewallSubnetName is that of the one subnet of a network that a firewall can be in. */
export const firewallSubnetName = 'AzureFirewallSubnet'

/** firewallSubnetIn is that subnet of a network. */
export function firewallSubnetIn(network: VirtualNetwork): Subnet | undefined {
  return network.properties.subnets.find((s) => s.name.toLowerCase() === firewallSubnetName.toLowerCase())
}

/** firewallSubnet is the ID of a firewall's subnet. */
export function firewallSubnet(firewall: Firewall): string {
  return firewall.properties.ipConfigurations.find((c) => c.properties.subnet)?.properties.subnet?.id ?? ''
}

/** CollectionDraft is a network rule collection as the form has it. */
export interface CollectionDraft {
  name: string
  priority: string
  action: 'Allow' | 'Deny'
  rules: FirewallRuleDraft[]
}

/** FirewallRuleDraft is a rule of it; lists are texts with commas. */
export interface FirewallRuleDraft {
  name: string
  protocols: string[]
  sources: string
  destinations: string
  ports: string
}

export const firewallProtocols = ['TCP', 'UDP', 'ICMP', 'Any']
const firstPriority = 100
const lastPriority = 65000

export function newFirewallRule(): FirewallRuleDraft {
  return { name: '', protocols: ['TCP', 'UDP'], sources: '', destinations: '', ports: '' }
}

/** newCollection is a draft behind the collections that are there, with one empty rule. */
export function newCollection(others: RuleCollection[]): CollectionDraft {
  const last = Math.max(firstPriority, ...others.map((c) => c.properties.priority))
  return { name: '', priority: String(Math.min(last + 100, lastPriority)), action: 'Allow', rules: [newFirewallRule()] }
}

export function collectionDraft(c: RuleCollection): CollectionDraft {
  return { name: c.name, priority: String(c.properties.priority), action: c.properties.action.type === 'Deny' ? 'Deny' : 'Allow', rules: c.properties.rules.map(ruleDraft) }
}

function ruleDraft(r: FirewallRule): FirewallRuleDraft {
  return { name: r.name, protocols: r.protocols, sources: r.sourceAddresses.join(', '), destinations: r.destinationAddresses.join(', '), ports: r.destinationPorts.join(', ') }
}

/** collectionOf is a draft as the wire has it. */
export function collectionOf(draft: CollectionDraft): RuleCollection {
  const rules = draft.rules.map((r) => ({
    name: r.name,
    protocols: r.protocols,
    sourceAddresses: listed(r.sources),
    destinationAddresses: listed(r.destinations),
    destinationPorts: listed(r.ports),
  }))
  return { name: draft.name, properties: { priority: Number(draft.priority), action: { type: draft.action }, rules } }
}

export interface CollectionProblems {
  name: string
  priority: string
  rules: Record<keyof FirewallRuleDraft, string>[]
}

/** collectionProblems are what is wrong with a draft; others are the firewall's other collections. */
export function collectionProblems(draft: CollectionDraft, others: RuleCollection[], tags: ReadonlySet<string>): CollectionProblems {
  const twin = others.find((o) => o.name.toLowerCase() === draft.name.toLowerCase())
  return {
    name: resourceNameProblem(draft.name) || (twin ? `There is a collection ${twin.name} already.` : ''),
    priority: priorityProblem(draft.priority, others),
    rules: draft.rules.map((r, i) => ruleProblems(r, draft.rules.slice(0, i), tags)),
  }
}

function priorityProblem(text: string, others: RuleCollection[]): string {
  const priority = Number(text)
  if (!/^\d+$/.test(text.trim()) || priority < firstPriority || priority > lastPriority) return `A priority is a whole number from ${firstPriority} to ${lastPriority}.`
  const other = others.find((o) => o.properties.priority === priority)
  return other ? `The collection ${other.name} has the priority ${priority} already.` : ''
}

function ruleProblems(r: FirewallRuleDraft, before: FirewallRuleDraft[], tags: ReadonlySet<string>): Record<keyof FirewallRuleDraft, string> {
  const twin = before.some((b) => b.name.toLowerCase() === r.name.toLowerCase())
  return {
    name: r.name === '' ? 'Give a name.' : twin ? `There are two rules ${r.name}.` : '',
    protocols: r.protocols.length === 0 ? 'Choose at least one protocol.' : '',
    sources: listProblem(r.sources, new Set()),
    destinations: listProblem(r.destinations, tags),
    ports: portsProblem(r.ports),
  }
}

/** listProblem is that of a list in which, other than in a security rule, tags stand beside addresses. */
function listProblem(text: string, tags: ReadonlySet<string>): string {
  const list = listed(text)
  if (list.length === 0) return 'Give *, addresses, ranges or service tags, with commas.'
  return list.map((entry) => addressesProblem(entry, tags)).find((problem) => problem !== '') ?? ''
}

export function hasProblems(p: CollectionProblems): boolean {
  return p.name !== '' || p.priority !== '' || p.rules.some((r) => Object.values(r).some((text) => text !== ''))
}
