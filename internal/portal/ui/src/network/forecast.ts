// What a change of the network would break, as POST {group}/providers/Microsoft.Network/whatIf
// tells it before the change is made.

import type { Client } from '../api/client'
import { groupId, parseId } from '../api/id'
import { versionOfResource } from '../api/versions'
import { counted } from '../frame/format'

/** ForecastAnswer is the part of the server's answer that is read here. */
export interface ForecastAnswer {
  properties: {
    breaks: boolean
    days: number // of recorded flows that were judged
    environments: {
      id: string
      healthBefore: string
      healthAfter: string
      error?: string // why nothing would be reached
      requiredAccess: ForecastRow[]
      recordedFlows: { judged: number; notRecorded?: number; wouldFail: number }
      workflows: BrokenWorkflow[]
    }[]
    hiddenEnvironments?: number // those that the caller may not read
  }
}

interface ForecastRow {
  row: string
  purpose: string
  direction: string
  subnet: string
  consequence: string
  worse: boolean // what was open is less so
  before: { verdict: string }
  after: { verdict: string; rule?: string; message?: string }
}

export interface BrokenWorkflow {
  id: string
  steps: { name: string; type: 'Action' | 'Trigger'; count: number; lastSeen: string; message: string }[]
}

/** BrokenRow is a row of the required access at the subnets that a change closes it at by the same cause. */
export interface BrokenRow {
  row: string
  purpose: string
  direction: string
  subnets: string[]
  consequence: string
  before: string // in words
  after: string
  rule: string // ID of what denies it; '': it cannot be named so
  cause: string
}

export interface BrokenEnvironment {
  id: string
  before: string // state of its health
  after: string
  failure: string // '' if it could be judged
  rows: BrokenRow[]
  workflows: BrokenWorkflow[]
  flows: { judged: number; notRecorded: number; wouldFail: number }
}

/** Forecast is what a change would break: the environments that something breaks in. */
export interface Forecast {
  days: number
  environments: BrokenEnvironment[]
  hidden: number
}

/**
 * foretell asks what a resource with another body, or without one if none is given, would
 * break; undefined: nothing, or nobody can tell. A question that is refused, as by a server that does not know it or for a body
 * that is wrong, stands in nobody's way: what saving is refused for is told by saving.
 */
export async function foretell(client: Pick<Client, 'post'>, id: string, body: object | undefined, signal?: AbortSignal): Promise<Forecast | undefined> {
  const { subscription = '', group = '' } = parseId(id) ?? {}
  const question = { properties: { changes: [{ id, apiVersion: versionOfResource(id), ...(body === undefined ? { delete: true } : { body }) }] } }
  try {
    const answer = await client.post<ForecastAnswer>(`${groupId(subscription, group)}/providers/Microsoft.Network/whatIf`, question, signal && { signal })
    return forecastOf(answer.body)
  } catch {
    return undefined
  }
}

/** forecastOf reads an answer; undefined if nothing would break. */
export function forecastOf({ properties }: ForecastAnswer): Forecast | undefined {
  if (!properties.breaks) return undefined
  const environments = properties.environments.map((e) => ({
    id: e.id,
    before: e.healthBefore,
    after: e.healthAfter,
    failure: e.error ?? '',
    rows: brokenRows(e.requiredAccess),
    workflows: e.workflows,
    flows: { judged: e.recordedFlows.judged, notRecorded: e.recordedFlows.notRecorded ?? 0, wouldFail: e.recordedFlows.wouldFail },
  }))
  const broken = environments.filter((e) => e.failure !== '' || e.rows.length > 0 || e.flows.wouldFail > 0)
  return { days: properties.days, environments: broken, hidden: properties.hiddenEnvironments ?? 0 }
}

/** brokenRows are the rows that get worse, in the server's order, each once for a cause. */
function brokenRows(rows: ForecastRow[]): BrokenRow[] {
  const found = new Map<string, BrokenRow>()
  for (const r of rows) {
    if (!r.worse) continue
    const cause = r.after.message ?? ''
    const key = [r.row, r.direction, r.before.verdict, r.after.verdict, r.after.rule].join()
    const known = found.get(key)
    if (known !== undefined) known.subnets.push(r.subnet)
    else {
      const { row, purpose, direction, consequence } = r
      found.set(key, { row, purpose, direction, subnets: [r.subnet], consequence, before: verdictText(r.before.verdict), after: verdictText(r.after.verdict), rule: r.after.rule ?? '', cause })
    }
  }
  return [...found.values()]
}

/** brokenFlowsText tells how many recorded flows would be denied. */
export function brokenFlowsText({ judged, notRecorded, wouldFail }: BrokenEnvironment['flows'], days: number): string {
  const denied = `Of ${counted(judged, 'recorded flow')} of the last ${counted(days, 'day')}, ${wouldFail.toLocaleString()} would be denied that ${wouldFail === 1 ? 'is' : 'are'} allowed now.`
  return notRecorded === 0 ? denied : `${denied} ${counted(notRecorded, 'flow')} more could not be recorded.`
}

const words: Record<string, string> = { Open: 'open', PartlyOpen: 'open in part', Blocked: 'blocked', NotJudged: 'not judged' }

function verdictText(verdict: string): string {
  return words[verdict] ?? verdict
}
