// The way of a flow, hop by hop, as POST …/trace tells it.

/** Decision is the record of one decision over a flow. */
export interface Decision {
  verdict: 'Allow' | 'Deny'
  stage: string
  protocol: string
  sourceAddress: string
  sourcePort: number
  destinationAddress: string
  destinationPort: number
  nsgId?: string
  ruleId?: string
  ruleName?: string
  priority?: number
  subnetId?: string
  networkInterfaceId?: string
  firewallId?: string
  routeId?: string
  routePrefix?: string
  nextHopType?: string
  nextHopIp?: string
  snatIp?: string
  reason?: string
  message: string
}

export interface TraceStep {
  stage: string
  text: string
  decision: Decision
}

export interface RuleMatch {
  name: string
  priority: number
  access: string
  protocolMatched: boolean
  sourceMatched: boolean
  sourcePortMatched: boolean
  destinationMatched: boolean
  destinationPortMatched: boolean
}

export interface TraceReport {
  allowed: boolean
  decision: Decision
  steps: TraceStep[]
  rules: { securityGroup: string; rules: RuleMatch[] }[]
}

const stages: Record<string, string> = {
  nicOut: 'Leaves the interface',
  subnetOut: 'Leaves the subnet',
  route: 'Route',
  firewall: 'Firewall',
  subnetIn: 'Enters the subnet',
  nicIn: 'Enters the interface',
  platform: 'Platform address',
  endpoint: 'Access endpoint',
  none: 'No rule on the way',
}

/** stageLabel is a stage in words. */
export function stageLabel(stage: string): string {
  return stages[stage] ?? stage
}

/** stepRule names what decided at a step: the rule with its priority, or the route. */
export function stepRule(step: TraceStep): string {
  const d = step.decision
  if (d.ruleName) {
    const name = d.ruleName.split('/').pop() ?? d.ruleName
    return d.priority ? `${name} (priority ${d.priority})` : name
  }
  if (step.stage === 'route' && d.routePrefix) return `${d.routePrefix} → ${d.nextHopType ?? ''}${d.nextHopIp ? ` ${d.nextHopIp}` : ''}`
  return ''
}

/** deciding is the resource that decided at a step and can be opened; '' if there is none. */
export function deciding(step: TraceStep): string {
  const d = step.decision
  const table = d.routeId && d.routeId.toLowerCase().includes('/routes/') ? d.routeId.slice(0, d.routeId.toLowerCase().lastIndexOf('/routes/')) : ''
  if (step.stage === 'route') return table
  if (step.stage === 'firewall') return d.firewallId ?? ''
  return d.nsgId ?? ''
}

/** conditionsMet is how many of a rule's five conditions a flow meets; all of them: the rule matches. */
export function conditionsMet(m: RuleMatch): number {
  return [m.protocolMatched, m.sourceMatched, m.sourcePortMatched, m.destinationMatched, m.destinationPortMatched].filter(Boolean).length
}
