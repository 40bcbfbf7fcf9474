// A security rule in a form: what its fields mean, and what is wrong with them while one
// types, in the words of network.md §A9. The server judges everything anew.

import { looksLikeIPv6, masked, formatRange, parseAddress, parseRange } from './address'
import { resourceNameProblem } from './name'

export type Direction = 'Inbound' | 'Outbound'

/** RuleDraft is a rule as the form has it; lists are texts with commas. A side has addresses, a service tag, or IDs of application security groups. */
export interface RuleDraft {
  name: string
  description: string
  priority: string
  direction: Direction
  access: 'Allow' | 'Deny'
  protocol: string
  source: string
  sourcePorts: string
  destination: string
  destinationPorts: string
}

/** RuleProperties is the wire's form of a rule, as far as the form writes it. */
export interface RuleProperties {
  description?: string
  protocol: string
  access: string
  direction: string
  priority: number
  sourceAddressPrefix?: string
  sourceAddressPrefixes?: string[]
  sourceApplicationSecurityGroups?: { id: string }[]
  sourcePortRange?: string
  sourcePortRanges?: string[]
  destinationAddressPrefix?: string
  destinationAddressPrefixes?: string[]
  destinationApplicationSecurityGroups?: { id: string }[]
  destinationPortRange?: string
  destinationPortRanges?: string[]
}

export const protocols = ['*', 'Tcp', 'Udp', 'Icmp', 'Esp', 'Ah']
export const firstPriority = 100
export const lastPriority = 4096

/** The fields of a draft, by the members of the wire that the server's errors name. */
const members: Record<string, keyof RuleDraft> = {
  name: 'name',
  description: 'description',
  priority: 'priority',
  direction: 'direction',
  access: 'access',
  protocol: 'protocol',
  sourceAddressPrefix: 'source',
  sourceAddressPrefixes: 'source',
  sourceApplicationSecurityGroups: 'source',
  sourcePortRange: 'sourcePorts',
  sourcePortRanges: 'sourcePorts',
  destinationAddressPrefix: 'destination',
  destinationAddressPrefixes: 'destination',
  destinationApplicationSecurityGroups: 'destination',
  destinationPortRange: 'destinationPorts',
  destinationPortRanges: 'destinationPorts',
}

/** ruleField is the field that a target such as "properties.destinationPortRanges[1]" is about. */
export function ruleField(target: string): keyof RuleDraft | undefined {
  const last = target.split('.').pop() ?? ''
  return members[last.replace(/\[\d+\]$/, '')]
}

/** listed reads a list with commas, white space aside. */
export function listed(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Bound of the application security groups at one side of a rule (network.md §A4). */
export const mostGroups = 10

/** isGroups says whether a side has application security groups: their IDs. */
export function isGroups(text: string): boolean {
  return text.trimStart().startsWith('/')
}

/** addressesProblem says what is wrong with one side; tags are the known service tags. */
export function addressesProblem(text: string, tags: ReadonlySet<string>): string {
  const list = listed(text)
  if (isGroups(text)) return list.length > mostGroups ? `A rule names at most ${mostGroups} application security groups at one side; these are ${list.length}.` : ''
  if (list.length === 0) return 'Give *, a service tag, an address or a range; several addresses with commas.'
  for (const entry of list) {
    const tag = entry === '*' || tags.has(entry.toLowerCase())
    if (tag && list.length > 1) return `${entry} stands alone: * and service tags do not go into a list.`
    if (tag || looksLikeIPv6(entry) || parseAddress(entry) !== undefined) continue
    const range = parseRange(entry)
    if (!range) return `“${entry}” is no address, no range and no service tag.`
    if (masked(range).first !== range.first) return `${entry} has host bits. A range of this length begins at ${formatRange(masked(range))}.`
  }
  return ''
}

/** portsProblem says what is wrong with one side's ports. */
export function portsProblem(text: string): string {
  const list = listed(text)
  if (list.length === 0) return 'Give *, a port, or a range such as 8000-8099; several with commas.'
  for (const entry of list) {
    if (entry === '*') {
      if (list.length > 1) return '* stands alone: it has all ports already.'
      continue
    }
    const [, low, high] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(entry) ?? []
    if (low === undefined || Number(low) > 65535 || Number(high ?? low) > 65535) return `“${entry}” is neither a port from 0 to 65535 nor a range such as 8000-8099.`
    if (high !== undefined && Number(high) < Number(low)) return `${entry} runs backwards.`
  }
  return ''
}

/** Taken is a rule that is there: no other of its direction may have its priority. */
export interface Taken {
  name: string
  priority: number
  direction: string
}

export function priorityProblem(text: string, direction: Direction, others: Taken[]): string {
  if (!/^\d+$/.test(text.trim())) return `Give a whole number from ${firstPriority} to ${lastPriority}.`
  const priority = Number(text)
  if (priority < firstPriority || priority > lastPriority) return `A priority is a whole number from ${firstPriority} to ${lastPriority}.`
  const other = others.find((o) => o.priority === priority && o.direction === direction)
  return other ? `The rule ${other.name} has the priority ${priority}, and of one direction no two may have the same.` : ''
}

/** ruleProblems are all problems of a draft by field; others are the group's other rules. */
export function ruleProblems(draft: RuleDraft, others: Taken[], tags: ReadonlySet<string>): Partial<Record<keyof RuleDraft, string>> {
  const found: Partial<Record<keyof RuleDraft, string>> = {}
  const add = (field: keyof RuleDraft, problem: string) => {
    if (problem !== '') found[field] = problem
  }
  add('name', resourceNameProblem(draft.name))
  if (others.some((o) => o.name.toLowerCase() === draft.name.toLowerCase())) add('name', `There is a rule ${draft.name} already.`)
  if (draft.description.length > 140) add('description', `A description has at most 140 characters; this has ${draft.description.length}.`)
  add('priority', priorityProblem(draft.priority, draft.direction, others))
  add('source', addressesProblem(draft.source, tags))
  add('destination', addressesProblem(draft.destination, tags))
  add('sourcePorts', portsProblem(draft.sourcePorts))
  add('destinationPorts', portsProblem(draft.destinationPorts))
  return found
}

/** nextPriority is a free priority behind those of a direction, in steps of ten. */
export function nextPriority(direction: Direction, rules: Taken[]): number {
  const taken = new Set(rules.filter((r) => r.direction === direction).map((r) => r.priority))
  const behind = Math.max(firstPriority - 10, ...[...taken].filter((p) => p <= lastPriority)) + 10
  for (let priority = Math.ceil(behind / 10) * 10; priority <= lastPriority; priority += 10) {
    if (!taken.has(priority)) return priority
  }
  for (let priority = lastPriority; priority >= firstPriority; priority--) {
    if (!taken.has(priority)) return priority
  }
  return lastPriority
}

export function newRule(direction: Direction, rules: Taken[]): RuleDraft {
  return {
    name: '',
    description: '',
    priority: String(nextPriority(direction, rules)),
    direction,
    access: 'Allow',
    protocol: '*',
    source: '*',
    sourcePorts: '*',
    destination: '*',
    destinationPorts: '443',
  }
}

/** draftOf is a rule of the wire as the form has it. */
export function draftOf(name: string, p: Partial<RuleProperties>): RuleDraft {
  return {
    name,
    description: p.description ?? '',
    priority: String(p.priority ?? ''),
    direction: p.direction === 'Outbound' ? 'Outbound' : 'Inbound',
    access: p.access === 'Deny' ? 'Deny' : 'Allow',
    protocol: p.protocol ?? '*',
    source: sideOf(p, 'source'),
    sourcePorts: joined(p.sourcePortRange, p.sourcePortRanges),
    destination: sideOf(p, 'destination'),
    destinationPorts: joined(p.destinationPortRange, p.destinationPortRanges),
  }
}

/** sideOf is one side of a rule of the wire as the form has it. */
export function sideOf(p: Partial<RuleProperties>, side: 'source' | 'destination'): string {
  const groups = p[`${side}ApplicationSecurityGroups`] ?? []
  return groups.length > 0 ? groups.map((g) => g.id).join(', ') : joined(p[`${side}AddressPrefix`], p[`${side}AddressPrefixes`])
}

/** joined shows what is given in a singular or a plural member. */
export function joined(one: string | undefined, many: string[] | undefined): string {
  return many && many.length > 0 ? many.join(', ') : (one ?? '')
}

/** rulePropertiesOf is a draft as the wire has it: one entry in the singular member, more in the plural one. */
export function rulePropertiesOf(draft: RuleDraft): RuleProperties {
  const properties: RuleProperties = {
    protocol: draft.protocol,
    access: draft.access,
    direction: draft.direction,
    priority: Number(draft.priority),
  }
  if (draft.description !== '') properties.description = draft.description
  const [source, destination] = [listed(draft.source), listed(draft.destination)]
  const [sourcePorts, destinationPorts] = [listed(draft.sourcePorts), listed(draft.destinationPorts)]
  if (isGroups(draft.source)) properties.sourceApplicationSecurityGroups = source.map((id) => ({ id }))
  else if (source.length === 1) properties.sourceAddressPrefix = source[0]
  else properties.sourceAddressPrefixes = source
  if (isGroups(draft.destination)) properties.destinationApplicationSecurityGroups = destination.map((id) => ({ id }))
  else if (destination.length === 1) properties.destinationAddressPrefix = destination[0]
  else properties.destinationAddressPrefixes = destination
  if (sourcePorts.length === 1) properties.sourcePortRange = sourcePorts[0]
  else properties.sourcePortRanges = sourcePorts
  if (destinationPorts.length === 1) properties.destinationPortRange = destinationPorts[0]
  else properties.destinationPortRanges = destinationPorts
  return properties
}
