// One change of all runs that match. The API has it for the runs of one workflow: those of
// an environment, or of all, are changed workflow by workflow.

import type { Client } from '../api/client'
import { ApiError } from '../api/error'
import { listAll } from '../api/list'
import { counted } from '../frame/format'
import { queryOf, type RunFilter } from './filter'

export type Verb = 'cancel' | 'resubmit'

export const done: Record<Verb, string> = { cancel: 'cancelled', resubmit: 'resubmitted' }

/** RunScope is whose runs a list has: those of one workflow, of an environment, or of all that lies below a path. */
export interface RunScope {
  path: string // of the list
  workflow?: string | undefined // its ID
}

/** Tally is what became of the runs so far. */
export interface Tally {
  done: number
  skipped: number // had ended, or nothing of them had failed
  failed: number
  failures: readonly { run: string; code: string; message: string }[]
}

export const noTally: Tally = { done: 0, skipped: 0, failed: 0, failures: [] }

export function sum(a: Tally, b: Tally): Tally {
  return { done: a.done + b.done, skipped: a.skipped + b.skipped, failed: a.failed + b.failed, failures: [...a.failures, ...b.failures] }
}

/** progressOf says how far a change of many runs is, with the workflows before this one done. */
export function progressOf(verb: Verb, tally: Tally, before: number, workflows: number): string {
  const text = `${counted(tally.done, 'run')} ${done[verb]}`
  return workflows > 1 ? `${text}; logic app ${before + 1} of ${workflows}` : text
}

/** outcomeOf says what came of it. */
export function outcomeOf(verb: Verb, { done: count, skipped, failed }: Tally): string {
  const parts = [count === 0 ? `No run was ${done[verb]}` : `${counted(count, 'run')} ${count === 1 ? 'was' : 'were'} ${done[verb]}`]
  if (skipped > 0) parts.push(`${skipped} had ended or had nothing to do`)
  if (failed > 0) parts.push(`${failed} failed`)
  return `${parts.join(', ')}.`
}

interface Listed {
  id: string
  name: string
  properties: { integrationServiceEnvironment?: { id: string } }
}

/** workflowsOf are the IDs of the workflows whose runs are in a list; only those of a name, if it is not ''. */
export async function workflowsOf(client: Client, { path, workflow }: RunScope, name: string): Promise<string[]> {
  if (workflow !== undefined) return [workflow]
  const { list, environment } = listOf(path)
  const all = await listAll<Listed>(client, list)
  const same = (a: string | undefined, b: string) => a?.toLowerCase() === b.toLowerCase()
  return all.filter((w) => (environment === '' || same(w.properties.integrationServiceEnvironment?.id, environment)) && (name.trim() === '' || same(w.name, name.trim()))).map((w) => w.id)
}

/** listOf is the list of workflows beside a list of runs, and the environment whose workflows are meant; '' is any. */
export function listOf(runs: string): { list: string; environment: string } {
  const owner = runs.slice(0, runs.lastIndexOf('/'))
  const subscription = owner.split('/').slice(0, 3).join('/')
  if (/\/integrationServiceEnvironments\/[^/]+$/i.test(owner)) return { list: `${subscription}/providers/Microsoft.Logic/workflows`, environment: owner }
  return { list: `${owner}/workflows`, environment: '' }
}

interface Operation {
  status: string
  properties: Tally
}

const pause = 1_000 // ms between looks at an operation

/** carry changes the runs of a workflow that match, and gives what became of them. */
export async function carry(client: Client, verb: Verb, workflow: string, filter: RunFilter, told: (tally: Tally) => void): Promise<Tally> {
  const query = { ...queryOf({ ...filter, workflow: '' }, Date.now()) }
  const begun = await client.post(`${workflow}/${verb}Runs`, verb === 'resubmit' ? {} : undefined, { query })
  const url = begun.headers.get('Azure-AsyncOperation') ?? ''
  for (;;) {
    const { status, properties } = (await client.get<Operation>(url)).body
    told(properties)
    if (status === 'Succeeded') return properties
    if (status !== 'InProgress') throw new ApiError(0, { code: status, message: `The runs of ${workflow.slice(workflow.lastIndexOf('/') + 1)} could not all be ${done[verb]}.` })
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
