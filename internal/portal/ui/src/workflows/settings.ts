// The settings of a workflow as a form has them, and as its resource's text.

import { nodeAt, valueAt, withJSON, withValue } from '../editor/place'
import { accessParts, type AccessControl, type Workflow } from './workflow'

type Part = (typeof accessParts)[number]

/** Settings are what the form edits, as texts. */
export interface Settings {
  account: string // ID
  access: Record<Part, string> // addresses, one a line
  days: string // that runs may last and are kept; '': the server's default
  runs: string // of the first trigger at a time; '': no limit
  waiting: string // runs that may wait for their turn
}

/** settingsOf reads them. */
export function settingsOf(resource: string, { properties: p }: Workflow): Settings {
  const ranges = (part: Part) => (p.accessControl?.[part]?.allowedCallerIpAddresses ?? []).map((a) => a.addressRange).join('\n')
  const concurrency = concurrencyPath(p.definition)
  return {
    account: p.integrationAccount?.id ?? '',
    access: { triggers: ranges('triggers'), contents: ranges('contents'), actions: ranges('actions'), workflowManagement: ranges('workflowManagement') },
    days: valueAt(resource, lifetime),
    runs: concurrency === undefined ? '' : valueAt(resource, [...concurrency, 'runs']),
    waiting: concurrency === undefined ? '' : valueAt(resource, [...concurrency, 'maximumWaitingRuns']),
  }
}

const lifetime = ['properties', 'runtimeConfiguration', 'lifetime', 'count']

/** concurrencyPath is where the first trigger's limit of runs stands; undefined without a trigger. */
function concurrencyPath({ triggers = {} }: Workflow['properties']['definition']): string[] | undefined {
  const [first] = Object.keys(triggers)
  return first === undefined ? undefined : ['properties', 'definition', 'triggers', first, 'runtimeConfiguration', 'concurrency']
}

/** settingsProblems are what is wrong with them before the server sees it, by field. */
export function settingsProblems({ days, runs, waiting }: Settings): Partial<Record<'days' | 'runs' | 'waiting', string>> {
  const outside = (text: string, least: number, most: number) => text !== '' && !(/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most)
  return {
    ...(outside(days, 1, 366) && { days: 'Give whole days, 1 to 366.' }),
    ...(outside(runs, 1, 100) && { runs: 'Give a whole number, 1 to 100.' }),
    ...(outside(waiting, 1, 200) && { waiting: 'Give a whole number, 1 to 200.' }),
  }
}

/** withSettings puts them into the resource's text. What has not changed, and what the form does not know, stays as it is. */
export function withSettings(resource: string, workflow: Workflow, now: Settings): string {
  const was = settingsOf(resource, workflow)
  let next = resource
  if (now.account !== was.account) next = withJSON(next, ['properties', 'integrationAccount'], now.account === '' ? undefined : { id: now.account })
  for (const part of accessParts) {
    if (now.access[part] !== was.access[part]) next = withAddresses(next, part, linesOf(now.access[part]))
  }
  if (now.days !== was.days) next = now.days === '' ? withJSON(next, lifetime.slice(0, -1), undefined) : withJSON(next, lifetime.slice(0, -1), { unit: 'day', count: Number(now.days) })
  const concurrency = concurrencyPath(workflow.properties.definition)
  if (concurrency === undefined) return next
  if (now.runs !== was.runs) next = withValue(next, [...concurrency, 'runs'], now.runs, 'number')
  return now.waiting === was.waiting ? next : withValue(next, [...concurrency, 'maximumWaitingRuns'], now.waiting, 'number')
}

/** withAddresses has other addresses in a part of the access control; its other policies stay. */
function withAddresses(resource: string, part: Part, ranges: string[]): string {
  const policy = ['properties', 'accessControl', part]
  if (ranges.length > 0) return withJSON(resource, [...policy, 'allowedCallerIpAddresses'], addresses(ranges))
  const alone = nodeAt(resource, policy)?.children?.length === 1
  return withJSON(resource, alone ? policy : [...policy, 'allowedCallerIpAddresses'], undefined)
}

function addresses(ranges: string[]): NonNullable<AccessControl[Part]>['allowedCallerIpAddresses'] {
  return ranges.map((addressRange) => ({ addressRange }))
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((l) => l.trim())
    .filter((l) => l !== '')
}
