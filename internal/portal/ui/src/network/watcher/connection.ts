// Connection troubleshoot (network.md §A8): what POST {watcher}/connectivityCheck answers, in words.

import { nameOf } from '../../api/id'

export interface Issue {
  origin?: string
  type?: string
  context?: Record<string, string>[]
}

export interface ConnectionHop {
  id: string
  type: string
  address?: string
  resourceId?: string
  issues?: Issue[]
}

export interface Connection {
  connectionStatus: string
  hops?: ConnectionHop[]
  probesSent?: number
  probesFailed?: number
  avgLatencyInMs?: number
}

/** outcomeText is what came of a connection: where to look for what stands in the way, and of the probes. */
export function outcomeText({ connectionStatus, probesSent = 0, probesFailed = 0, avgLatencyInMs }: Connection): string {
  const way = connectionStatus === 'Reachable' ? 'Nothing stands in the way.' : 'What stands in the way is told at its hop.'
  if (probesSent === 0) return `${way} No probes were sent.`
  const latency = avgLatencyInMs === undefined ? '' : `, after ${avgLatencyInMs} ms on average`
  return `${way} ${probesSent - probesFailed} of ${probesSent} probes were answered${latency}.`
}

/** issueText is an issue with what it is about: its kind, and each fact of its context; IDs by their names. */
export function issueText({ origin, type, context = [] }: Issue): string {
  const facts = context.flatMap((c) => (c.key !== undefined ? [[c.key, c.value ?? '']] : Object.entries(c)))
  const kind = [type, origin].filter((t) => t !== undefined && t !== '').join(', ')
  return [kind, ...facts.map(([name = '', value = '']) => `${name}: ${value.startsWith('/') ? nameOf(value) : value}`)].join(' · ')
}
