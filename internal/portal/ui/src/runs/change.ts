// What can be done with runs: cancel and resubmit, one or many.

import { useClient } from '../api/context'
import { ApiError } from '../api/error'
import { useChanged } from '../api/resources'
import { counted } from '../frame/format'
import { useNotifications } from '../frame/notifications'
import { queryOf, type RunFilter } from './filter'
import { workflowOf } from './run'

export type Verb = 'cancel' | 'resubmit'

const doing: Record<Verb, string> = { cancel: 'Cancelling', resubmit: 'Resubmitting' }
const done: Record<Verb, string> = { cancel: 'cancelled', resubmit: 'resubmitted' }

/** Again says how a run is resubmitted: from the start, or where it failed; with another body, or as it was. */
export interface Again {
  from?: 'failed'
  body?: unknown
  actionsToResubmit?: { name: string }[]
}

/** Counts is what became of an operation on many runs. */
interface Operation {
  status: string
  properties: { done: number; skipped: number; failed: number; failures: { run: string; code: string; message: string }[] }
}

const pause = 1_000 // ms between looks at an operation

/** useRunChanges gives what changes runs; each shows in the notifications, and throws what failed. */
export function useRunChanges() {
  const client = useClient()
  const notifications = useNotifications()
  const changed = useChanged()

  /** resubmit begins a run again and gives the new run's ID. */
  const resubmit = async (id: string, again: Again = {}): Promise<string> => {
    let made = ''
    await notifications.follow({ title: `Resubmitting a run`, done: 'A new run has begun.' }, async () => {
      made = (await client.post<{ id: string }>(`${id}/resubmit`, again)).body.id
    })
    await changed()
    return made
  }

  const cancel = async (id: string): Promise<void> => {
    await notifications.follow({ title: 'Cancelling a run', done: 'The run was cancelled.' }, () => client.post(`${id}/cancel`))
    await changed()
  }

  /** each changes some runs, one after the other, and tells all that failed. */
  const each = async (verb: Verb, ids: readonly string[]): Promise<void> => {
    const what = counted(ids.length, 'run')
    const work = { title: `${doing[verb]} ${what}`, done: `${what} ${ids.length === 1 ? 'was' : 'were'} ${done[verb]}.` }
    const attempt = async (told: (s: string) => void) => {
      const failures: ApiError[] = []
      for (const [i, id] of ids.entries()) {
        told(`${i} of ${ids.length}`)
        await client.post(`${id}/${verb}`).catch((e: unknown) => failures.push(e as ApiError))
      }
      const first = failures[0]
      if (first) throw new ApiError(first.status, { ...first.detail, message: `${failures.length} of ${what} could not be ${done[verb]}. ${first.message}` })
    }
    await notifications.follow(work, attempt).finally(changed)
  }

  /** all changes every run of a workflow that matches; the server does it, and counts. */
  const all = async (verb: Verb, workflow: string, filter: RunFilter, again: Again = {}): Promise<void> => {
    const work = { title: `${doing[verb]} runs of ${workflow.slice(workflow.lastIndexOf('/') + 1)}`, done: `The runs that match were ${done[verb]}.` }
    const attempt = async (told: (s: string) => void) => {
      const begun = await client.post(`${workflow}/${verb}Runs`, verb === 'resubmit' ? again : undefined, { query: { ...queryOf(filter, Date.now()) } })
      const url = begun.headers.get('Azure-AsyncOperation') ?? ''
      for (;;) {
        const operation = (await client.get<Operation>(url)).body
        const { done: count, failed, failures } = operation.properties
        told(`${count} ${done[verb]}`)
        if (operation.status === 'InProgress') {
          await new Promise((resolve) => setTimeout(resolve, pause))
          continue
        }
        if (failed > 0 || operation.status !== 'Succeeded')
          throw new ApiError(0, { code: failures[0]?.code ?? operation.status, message: `${counted(count, 'run')} ${done[verb]}, ${failed} failed. ${failures[0]?.message ?? ''}` })
        return
      }
    }
    await notifications.follow(work, attempt).finally(changed)
  }

  return { resubmit, cancel, each, all }
}

/** sameWorkflow is the workflow of all runs, '' if they are of several. */
export function sameWorkflow(ids: readonly string[]): string {
  const all = new Set(ids.map((id) => workflowOf(id).toLowerCase()))
  return all.size === 1 ? workflowOf(ids[0] ?? '') : ''
}
