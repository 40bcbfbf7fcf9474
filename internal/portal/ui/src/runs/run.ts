// Runs and their actions as the API has them (logic-api §2.5, §2.6), with Isle's own members.

/** Failure is an error in a history. */
export interface Failure {
  code: string
  message: string
}

/** ContentLink leads to recorded inputs or outputs. */
export interface ContentLink {
  uri: string
  contentSize: number // bytes
  metadata?: { foreachItemsCount?: number }
}

/** Recorded is what triggers, actions and repetitions have in common. */
export interface Recorded {
  status: string
  code?: string
  error?: Failure
  startTime?: string
  endTime?: string
  inputsLink?: ContentLink
  outputsLink?: ContentLink
  secured?: ('inputs' | 'outputs')[] // hidden, because the definition says so
  trackedProperties?: Record<string, unknown>
}

/** Attempt is one of the calls of an action that was tried again. */
export interface Attempt {
  startTime: string
  endTime?: string
  code?: string
  clientRequestId?: string
  serviceRequestId?: string
  error?: Failure
  repeatedAfterRestart?: boolean
}

export interface ActionProperties extends Recorded {
  canResubmit?: boolean
  repetitionCount?: number // of an action in a loop: its record is that of the last
  iterationCount?: number // of a loop
  repeatedAfterRestart?: boolean
  kept?: boolean // of the run that this one goes on from
  retryHistory?: Attempt[]
  repetitionIndexes?: { scopeName: string; itemIndex: number }[]
}

export interface Action {
  id: string
  name: string
  properties: ActionProperties
}

export interface TriggerProperties extends Recorded {
  name: string
  scheduledTime?: string
  originHistoryName?: string
}

export interface RunProperties {
  status: string
  code?: string
  error?: Failure
  startTime: string
  waitEndTime?: string
  endTime?: string
  correlation: { clientTrackingId?: string }
  workflow: { id: string; name: string } // the version
  trigger: TriggerProperties
  outputs: Record<string, { type?: string; value?: unknown; error?: Failure }>
}

export interface Run {
  id: string
  name: string
  properties: RunProperties
}

const open = new Set(['Running', 'Waiting', 'Paused', 'Suspended', 'NotSpecified'])

/** isOpen says whether a status can still change. */
export function isOpen(status: string): boolean {
  return open.has(status)
}

/** hasFailed says whether a status is a failure. */
export function hasFailed(status: string): boolean {
  return ['Failed', 'TimedOut', 'Faulted', 'Aborted'].includes(status)
}

/** workflowOf is the ID of a run's workflow. */
export function workflowOf(runId: string): string {
  const at = runId.toLowerCase().lastIndexOf('/runs/')
  return at < 0 ? '' : runId.slice(0, at)
}

/** lasted is how long something took until now, in ms, with what is below; undefined if it has not begun. */
export function lasted(r: { startTime?: string; endTime?: string }, now: number): number | undefined {
  if (r.startTime === undefined) return undefined
  const millis = (r.endTime === undefined ? now : momentOf(r.endTime)) - momentOf(r.startTime)
  return Math.max(0, Math.round(millis * 1000) / 1000)
}

/** momentOf is a timestamp in ms since 1970: the server writes up to seven digits, Date.parse reads three. */
export function momentOf(timestamp: string): number {
  const below = /\.\d{3}(\d+)/.exec(timestamp)?.[1] ?? ''
  return Date.parse(timestamp) + Number(`0.${below}`)
}
