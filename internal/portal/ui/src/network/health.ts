// Network health of an environment: GET …/health/network tells each row of the required
// access at each of the four subnets; the pane shows a row once, with where it lacks.

import type { Decision } from './trace'

export interface AccessRow {
  row: string
  purpose: string
  direction: 'Inbound' | 'Outbound'
  protocol: string
  source: string
  destination: string
  ports: string[]
  verdict: string
  state: RowState
  lacking: boolean // what the environment needs of it is not open
  rule?: string
  denials: Decision[]
  closed: { protocol: string; ports: string }[]
  role?: { name: string; inProcess: boolean }
  probe: { result: string; message?: string }
  consequence: string
  connector?: string
}

export type RowState = 'reachable' | 'blocked-by-rule' | 'unreachable' | 'unknown' | 'disagreement'

export interface SubnetHealth {
  networkDependencyHealthState: string
  outboundNetworkHealth: { state: string; error?: { code: string; message: string } }
  requiredAccess: AccessRow[]
  edition: string
  isolation?: { mode: string; isolated: boolean; reasons: string[] }
}

/** NetworkHealth is by the names of the subnets, in the environment's order. */
export type NetworkHealth = Record<string, SubnetHealth>

export interface HealthChange {
  time: string
  subnet?: string
  row?: string
  from: string
  to: string
  rule?: string
  message: string
}

/** ShownState is that of a row in the table: what may be closed in part, and is, lacks nothing. */
export type ShownState = RowState | 'partly-open'

/** shownState is the state of a row. Some may be closed in part. */
export function shownState(row: AccessRow): ShownState {
  return row.state === 'blocked-by-rule' && !row.lacking ? 'partly-open' : row.state
}

/** PortRow is a row of the required access over all subnets. */
export interface PortRow {
  row: AccessRow // as the worst subnet has it
  state: ShownState
  places: { subnet: string; row: AccessRow }[] // where it is not as it must be
  subnets: number // that it is judged at
}

/** From the best to the worst. */
const severity: ShownState[] = ['reachable', 'partly-open', 'unknown', 'disagreement', 'unreachable', 'blocked-by-rule']

const lacks: ReadonlySet<ShownState> = new Set(['blocked-by-rule', 'unreachable', 'disagreement'])

/** portTable puts the rows of all subnets together, each once, in the server's order. */
export function portTable(health: NetworkHealth): PortRow[] {
  const table = new Map<string, PortRow>()
  for (const [subnet, told] of Object.entries(health)) {
    for (const row of told.requiredAccess) {
      const state = shownState(row)
      const entry: PortRow = table.get(row.row) ?? { row, state, places: [], subnets: 0 }
      entry.subnets++
      if (lacks.has(state)) entry.places.push({ subnet, row })
      if (severity.indexOf(state) > severity.indexOf(entry.state)) {
        entry.state = state
        entry.row = row
      }
      table.set(row.row, entry)
    }
  }
  return [...table.values()]
}

const words: Record<ShownState, string> = {
  reachable: 'Open',
  'partly-open': 'Open in part',
  'blocked-by-rule': 'Blocked',
  unreachable: 'Does not answer',
  unknown: 'Unknown',
  disagreement: 'Blocked, yet it answers',
}

export function stateLabel(state: ShownState): string {
  return words[state]
}

/** overallState is the health of the environment: its worst subnet. */
export function overallState(health: NetworkHealth): 'Healthy' | 'Unhealthy' | 'Unknown' {
  const states = Object.values(health).map((subnet) => subnet.networkDependencyHealthState)
  if (states.includes('Unknown') || states.length === 0) return 'Unknown'
  return states.includes('Unhealthy') ? 'Unhealthy' : 'Healthy'
}

/** decidingRule names what closes a row, in words: the rule by its name, its priority and its group, or the route. */
export function decidingRule(row: AccessRow): string {
  const first = row.denials[0]
  if (first) return capitalised(first.message.replace(/\b(securityRules|defaultSecurityRules)\//, ''))
  return row.state === 'unreachable' ? (row.probe.message ?? 'Its probe fails.') : ''
}

/** capitalised is a message of the server as the beginning of a sentence. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** portsText shows the ports of a row; none means all. */
export function portsText(ports: string[]): string {
  return ports.length === 0 || ports.join() === '*' ? 'All' : ports.join(', ')
}
