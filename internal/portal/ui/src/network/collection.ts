// Rule collections of firewalls and of the groups of firewall policies (network.md §A6): what
// is read of them, and what a form makes of them. Both have the same three kinds of rules in
// two forms of the wire: a firewall has a list of collections for each kind, and a policy's
// group one list, in which rules tell their type.

import { addressesProblem, listed, portsProblem } from './rule'
import { resourceNameProblem } from './name'

export type Kind = 'Network' | 'Application' | 'NAT'

export const kinds: { kind: Kind; label: string; singular: string; ruleType: string }[] = [
  { kind: 'NAT', label: 'NAT', singular: 'NAT rule', ruleType: 'NatRule' },
  { kind: 'Network', label: 'Network', singular: 'network rule', ruleType: 'NetworkRule' },
  { kind: 'Application', label: 'Application', singular: 'application rule', ruleType: 'ApplicationRule' },
]

/** Application is what an application rule is about. */
export interface Application {
  protocolType: string
  port?: number
}

/** WireRule is a rule of any kind. A policy has the protocols of IP in ipProtocols. */
export interface WireRule {
  name: string
  ruleType?: string
  description?: string
  protocols?: (string | Application)[]
  ipProtocols?: string[]
  sourceAddresses?: string[]
  sourceIpGroups?: string[]
  destinationAddresses?: string[]
  destinationIpGroups?: string[]
  destinationFqdns?: string[]
  destinationPorts?: string[]
  targetFqdns?: string[]
  translatedAddress?: string
  translatedPort?: string
}

/** FirewallCollection is a collection of a firewall. */
export interface FirewallCollection {
  name: string
  properties: { priority: number; action: { type: string }; rules: WireRule[] }
}

/** PolicyCollection is a collection of a policy's group. */
export interface PolicyCollection {
  ruleCollectionType: string
  name: string
  priority: number
  action: { type: string }
  rules: WireRule[]
}

/** Collection is either of them. */
export interface Collection {
  kind: Kind
  name: string
  priority: number
  action: string
  rules: WireRule[]
}

const natCollection = 'FirewallPolicyNatRuleCollection'
const filterCollection = 'FirewallPolicyFilterRuleCollection'

/** ofPolicy reads a collection of a policy's group. */
export function ofPolicy(c: PolicyCollection): Collection {
  const kind = c.ruleCollectionType === natCollection ? 'NAT' : c.rules[0]?.ruleType?.toLowerCase() === 'applicationrule' ? 'Application' : 'Network'
  return { kind, name: c.name, priority: c.priority, action: c.action.type, rules: c.rules }
}

/** toPolicy is a collection as a policy's group has it. */
export function toPolicy({ kind, name, priority, action, rules }: Collection): PolicyCollection {
  const ruleType = kinds.find((k) => k.kind === kind)?.ruleType ?? ''
  return {
    ruleCollectionType: kind === 'NAT' ? natCollection : filterCollection,
    name,
    priority,
    action: { type: kind === 'NAT' ? 'DNAT' : action },
    rules: rules.map(({ protocols, ipProtocols, ...rest }) => ({ ...rest, ruleType, ...(kind === 'Application' ? { protocols: protocols ?? [] } : { ipProtocols: ipProtocols ?? texts(protocols) }) })),
  }
}

/** Members are the lists of a firewall, by the kind of their rules. */
const members = { NAT: 'natRuleCollections', Network: 'networkRuleCollections', Application: 'applicationRuleCollections' } as const

type Lists = Partial<Record<(typeof members)[Kind], FirewallCollection[]>>

/** ofFirewall reads the collections of a firewall. */
export function ofFirewall(lists: Lists): Collection[] {
  return kinds.flatMap(({ kind }) =>
    (lists[members[kind]] ?? []).map((c) => ({ kind, name: c.name, priority: c.properties.priority, action: c.properties.action.type, rules: c.properties.rules })),
  )
}

/** toFirewall are collections as a firewall has them. */
export function toFirewall(all: Collection[]): Required<Lists> {
  const list = (kind: Kind) =>
    all
      .filter((c) => c.kind === kind)
      .map(({ name, priority, action, rules }) => ({
        name,
        properties: {
          priority,
          action: { type: kind === 'NAT' ? 'Dnat' : action },
          rules: rules.map(({ ruleType: _type, ipProtocols, protocols, ...rest }) => ({ ...rest, protocols: protocols ?? ipProtocols ?? [] })),
        },
      }))
  return { natRuleCollections: list('NAT'), networkRuleCollections: list('Network'), applicationRuleCollections: list('Application') }
}

/** inOrder are collections as they are asked: NAT, network, application, and in each kind by priority. */
export function inOrder(all: Collection[]): Collection[] {
  const place = (c: Collection) => kinds.findIndex((k) => k.kind === c.kind)
  return all.toSorted((a, b) => place(a) - place(b) || a.priority - b.priority)
}

function texts(list: readonly unknown[] = []): string[] {
  return list.filter((p) => typeof p === 'string')
}

/** protocolsOf are the protocols of a rule as texts: "TCP", or "Https:443" of an application rule. */
export function protocolsOf(r: WireRule): string[] {
  return r.ipProtocols ?? (r.protocols ?? []).map((p) => (typeof p === 'string' ? p : p.port === undefined ? p.protocolType : `${p.protocolType}:${p.port}`))
}

/** CollectionDraft is a collection as the form has it. */
export interface CollectionDraft {
  kind: Kind
  name: string
  priority: string
  action: 'Allow' | 'Deny' // of what is no NAT
  rules: RuleDraft[]
}

/** RuleDraft is a rule of it; lists are texts with commas, but for protocols of IP and the IDs of IP groups. */
export interface RuleDraft {
  name: string
  protocols: string[]
  applications: string
  sources: string
  sourceGroups: string[]
  destinations: string
  destinationGroups: string[]
  fqdns: string // of network rules
  ports: string
  targets: string // of application rules
  toAddress: string
  toPort: string
  read?: WireRule // what it was made of, with what the form does not know
}

/** protocolsFor are the protocols of IP that rules of a kind can have. */
export function protocolsFor(kind: Kind): string[] {
  return kind === 'NAT' ? ['TCP', 'UDP', 'Any'] : ['TCP', 'UDP', 'ICMP', 'Any']
}

export const firstPriority = 100
export const lastPriority = 65000

export function newRule(kind: Kind): RuleDraft {
  return {
    name: '',
    protocols: kind === 'NAT' ? ['TCP'] : ['TCP', 'UDP'],
    applications: 'Https:443',
    sources: '',
    sourceGroups: [],
    destinations: '',
    destinationGroups: [],
    fqdns: '',
    ports: '',
    targets: '',
    toAddress: '',
    toPort: '',
  }
}

/** newCollection is a draft behind the collections that are there, with one empty rule. */
export function newCollection(others: readonly { priority: number }[], kind: Kind = 'Network'): CollectionDraft {
  const last = Math.max(firstPriority, ...others.map((c) => c.priority))
  return { kind, name: '', priority: String(Math.min(last + 100, lastPriority)), action: 'Allow', rules: [newRule(kind)] }
}

export function collectionDraft(c: Collection): CollectionDraft {
  return { kind: c.kind, name: c.name, priority: String(c.priority), action: c.action === 'Deny' ? 'Deny' : 'Allow', rules: c.rules.map((r) => ruleDraft(r, c.kind)) }
}

function ruleDraft(r: WireRule, kind: Kind): RuleDraft {
  const comma = (list: string[] | undefined) => (list ?? []).join(', ')
  const protocols = protocolsOf(r)
  return {
    name: r.name,
    protocols: kind === 'Application' ? [] : protocols,
    applications: kind === 'Application' ? protocols.join(', ') : '',
    sources: comma(r.sourceAddresses),
    sourceGroups: r.sourceIpGroups ?? [],
    destinations: comma(r.destinationAddresses),
    destinationGroups: r.destinationIpGroups ?? [],
    fqdns: comma(r.destinationFqdns),
    ports: comma(r.destinationPorts),
    targets: comma(r.targetFqdns),
    toAddress: r.translatedAddress ?? '',
    toPort: r.translatedPort ?? '',
    read: r,
  }
}

/** collectionOf is what a draft comes to. */
export function collectionOf(draft: CollectionDraft): Collection {
  const { kind, name, priority, action, rules } = draft
  return { kind, name: name.trim(), priority: Number(priority), action: kind === 'NAT' ? 'Dnat' : action, rules: rules.map((r) => ruleOf(r, kind)) }
}

/** ruleOf is a rule as its draft says; members that the form does not know stay as they were. */
function ruleOf(r: RuleDraft, kind: Kind): WireRule {
  const { ipProtocols: _ip, sourceIpGroups: _source, destinationIpGroups: _groups, destinationFqdns: _names, ...rest } = r.read ?? { name: '' }
  const sources = { name: r.name.trim(), sourceAddresses: listed(r.sources), ...(r.sourceGroups.length > 0 && { sourceIpGroups: r.sourceGroups }) }
  if (kind === 'Application') return { ...rest, ...sources, protocols: listed(r.applications).map(applicationOf), targetFqdns: listed(r.targets) }
  const ends = { ...rest, ...sources, protocols: r.protocols, destinationAddresses: listed(r.destinations), destinationPorts: listed(r.ports) }
  if (kind === 'NAT') return { ...ends, translatedAddress: r.toAddress.trim(), translatedPort: r.toPort.trim() }
  const fqdns = listed(r.fqdns)
  return { ...ends, ...(r.destinationGroups.length > 0 && { destinationIpGroups: r.destinationGroups }), ...(fqdns.length > 0 && { destinationFqdns: fqdns }) }
}

const usualPorts: Record<string, number> = { http: 80, https: 443, mssql: 1433 }

function applicationOf(text: string): Application {
  const [type = '', port] = text.split(':')
  const name = type.trim().toLowerCase()
  return { protocolType: name.charAt(0).toUpperCase() + name.slice(1), port: port === undefined ? (usualPorts[name] ?? 0) : Number(port) }
}

export type RuleProblems = Partial<Record<keyof RuleDraft, string>>

export interface CollectionProblems {
  name: string
  priority: string
  rules: RuleProblems[]
}

/** collectionProblems are what is wrong with a draft; others are the other collections of its firewall or group. */
export function collectionProblems(draft: CollectionDraft, others: readonly Collection[], tags: ReadonlySet<string>): CollectionProblems {
  const twin = others.find((o) => o.name.toLowerCase() === draft.name.trim().toLowerCase())
  return {
    name: resourceNameProblem(draft.name) || (twin ? `There is a collection ${twin.name} already.` : ''),
    priority: priorityProblem(
      draft.priority,
      others.filter((o) => o.kind === draft.kind),
      'collection',
    ),
    rules: draft.rules.map((r, i) => ruleProblems(r, draft.kind, draft.rules.slice(0, i), tags)),
  }
}

/** priorityProblem is that of a collection, or of a group, beside others. */
export function priorityProblem(text: string, others: readonly { name: string; priority: number }[], noun: string): string {
  const priority = Number(text)
  if (!/^\d+$/.test(text.trim()) || priority < firstPriority || priority > lastPriority) return `A priority is a whole number from ${firstPriority} to ${lastPriority}.`
  const other = others.find((o) => o.priority === priority)
  return other ? `The ${noun} ${other.name} has the priority ${priority} already.` : ''
}

function ruleProblems(r: RuleDraft, kind: Kind, before: RuleDraft[], tags: ReadonlySet<string>): RuleProblems {
  const twin = before.some((b) => b.name.trim().toLowerCase() === r.name.trim().toLowerCase())
  const found: RuleProblems = {
    name: r.name.trim() === '' ? 'Give a name.' : twin ? `There are two rules ${r.name}.` : '',
    sources: listProblem(r.sources, new Set(), r.sourceGroups.length > 0, 'Give *, addresses or ranges, with commas, or IP groups.'),
    ...(kind === 'Application' ? applicationProblems(r) : { ...endProblems(r, kind, tags), ...(kind === 'NAT' && translationProblems(r)) }),
  }
  return Object.fromEntries(Object.entries(found).filter(([, text]) => text !== ''))
}

function endProblems(r: RuleDraft, kind: Kind, tags: ReadonlySet<string>): RuleProblems {
  const other = kind === 'Network' && (r.destinationGroups.length > 0 || listed(r.fqdns).length > 0)
  const give = kind === 'NAT' ? 'Give the public address of the firewall.' : 'Give *, addresses, ranges or service tags, with commas, or IP groups.'
  return {
    protocols: r.protocols.length === 0 ? 'Choose at least one protocol.' : '',
    destinations: listProblem(r.destinations, tags, other, give),
    ports: kind === 'NAT' && listed(r.ports).includes('*') ? 'Give ports or ranges: a NAT rule is not for all of them.' : portsProblem(r.ports),
  }
}

function translationProblems(r: RuleDraft): RuleProblems {
  const port = Number(r.toPort)
  return {
    toAddress: addressesProblem(r.toAddress, new Set()) !== '' || /[*,/]/.test(r.toAddress) ? 'Give one address, such as that of a machine in the network.' : '',
    toPort: /^\d{1,5}$/.test(r.toPort.trim()) && port >= 1 && port <= 65535 ? '' : 'Give one port from 1 to 65535.',
  }
}

function applicationProblems(r: RuleDraft): RuleProblems {
  const list = listed(r.applications)
  const wrong = list.find((text) => !/^(https?|mssql)(\s*:\s*\d{1,5})?$/i.test(text))
  const name = listed(r.targets).find((t) => t !== '*' && !/^(\*\.)?[\w-]+(\.[\w-]+)*$/.test(t))
  return {
    applications: list.length === 0 ? 'Give Http:80, Https:443 or Mssql:1433, with commas.' : wrong === undefined ? '' : `“${wrong}” is none: give Http, Https or Mssql with its port, such as Https:443.`,
    targets: listed(r.targets).length === 0 ? 'Give names such as *.example.com, with commas, or * for all.' : name === undefined ? '' : `“${name}” is no name such as www.example.com or *.example.com.`,
  }
}

/** listProblem is that of a list in which, other than in a security rule, tags stand beside addresses; others: something else may stand for it. */
function listProblem(text: string, tags: ReadonlySet<string>, others: boolean, give: string): string {
  const list = listed(text)
  if (list.length === 0) return others ? '' : give
  return list.map((entry) => addressesProblem(entry, tags)).find((problem) => problem !== '') ?? ''
}

export function hasProblems(p: CollectionProblems): boolean {
  return p.name !== '' || p.priority !== '' || p.rules.some((r) => Object.keys(r).length > 0)
}
