// The way of a flow over the map: which boxes it passes, and which of its steps belong to
// each leg between two of them.

import { type TraceReport, type TraceStep } from '../trace'
import { boxOfFirewall, boxOfSubnet, endAt, hostEnd, internetEnd, type End, type Topology } from './topology'

/** Leg is the line between two boxes; first and last are the steps that decide on it. */
export interface Leg {
  from: string
  to: string
  step: number // the last step that the flow must have passed to be here
  denied: boolean
}

export interface Path {
  boxes: string[]
  legs: Leg[]
  stepBoxes: string[] // the box of each step
}

/** pathOf lays a trace over the map, from one box to another. */
export function pathOf(report: TraceReport, topology: Topology, from: string, to: string): Path {
  const stepBoxes: string[] = []
  const boxes = [from]
  let at = from
  for (const step of report.steps) {
    const here = boxOf(step, topology, at, to)
    if (here !== at && here !== to) boxes.push(here)
    at = here
    stepBoxes.push(here)
  }
  boxes.push(to)
  const legs = boxes.slice(1).map((box, i) => leg(report.steps, stepBoxes, boxes[i] ?? '', box))
  return { boxes, legs, stepBoxes }
}

/** boxOf is where a step is taken: what leaves is where the flow is, what enters is at its end. */
function boxOf(step: TraceStep, topology: Topology, at: string, to: string): string {
  if (step.stage === 'firewall') return boxOfFirewall(topology, step.decision.firewallId ?? '') || at
  if (step.stage === 'subnetOut' || step.stage === 'nicOut') return boxOfSubnet(topology, step.decision.subnetId ?? '') || at
  if (step.stage === 'subnetIn' || step.stage === 'nicIn' || step.stage === 'endpoint') return to
  return at
}

/** leg is the line from one box to the next: denied if what stops the flow is taken on leaving the one, or on entering the other. */
function leg(steps: TraceStep[], stepBoxes: string[], from: string, to: string): Leg {
  const leaving = stepBoxes.lastIndexOf(from)
  const entering = stepBoxes.indexOf(to)
  const stopped = steps.findIndex((s) => s.decision.verdict === 'Deny')
  const step = entering >= 0 ? entering : leaving >= 0 ? leaving : steps.length - 1
  const denied = stopped >= 0 && (stepBoxes[stopped] === from || stepBoxes[stopped] === to)
  return { from, to, step, denied }
}

/** Asked is the request that a path is asked by: where, and with which body. */
export interface Asked {
  path: string
  body: Record<string, unknown>
}

/** Flow is what somebody wants to know of: two ends, or addresses, with protocol and port. */
export interface WantedFlow {
  from: End | undefined
  fromAddress: string
  to: End | undefined
  toAddress: string
  protocol: string
  port: number
}

/**
 * askFor is the request for a flow: what leaves or enters an environment is judged by the
 * environment, which has its access endpoint; all else by the network that has an end.
 */
export function askFor(flow: WantedFlow, networkOf: (address: string) => string | undefined): Asked | string {
  const { from, to, protocol, port } = flow
  const common = { protocol, ...(hasPorts(protocol) ? { port } : {}) }
  if (from?.environment !== undefined) {
    return { path: `${from.environment}/health/network/trace`, body: { ...common, direction: 'Outbound', subnet: from.subnet, destination: flow.toAddress } }
  }
  if (to?.environment !== undefined) {
    return { path: `${to.environment}/health/network/trace`, body: { ...common, direction: 'Inbound', subnet: to.subnet, source: flow.fromAddress } }
  }
  const network = from?.network || to?.network || networkOf(flow.fromAddress) || networkOf(flow.toAddress)
  if (network === undefined || network === '') return 'One of the ends must be in a virtual network.'
  return { path: `${network}/trace`, body: { ...common, source: flow.fromAddress, destination: flow.toAddress } }
}

export function hasPorts(protocol: string): boolean {
  return protocol === 'Tcp' || protocol === 'Udp'
}

/** boxOfEnd is the box at which an end stands on the map; an address of nobody is on the Internet. */
export function boxOfEnd(topology: Topology, end: End | undefined, address: string, subnet: string): string {
  if (end !== undefined) return end.box
  const known = endAt(topology, address)
  if (known !== undefined) return known.box
  if (subnet !== '') return boxOfSubnet(topology, subnet)
  return address.startsWith('127.') ? hostEnd : internetEnd
}
