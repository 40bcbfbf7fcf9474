// What can be done with runs: cancel and resubmit, one or many.

import { useClient } from '../api/context'
import { ApiError } from '../api/error'
import { useChanged } from '../api/resources'
import { counted } from '../frame/format'
import { nameOf } from '../api/id'
import { useNotifications } from '../frame/notifications'
import { carry, done, noTally, outcomeOf, progressOf, type RunScope, sum, type Tally, type Verb, workflowsOf } from './bulk'
import type { RunFilter } from './filter'

const doing: Record<Verb, string> = { cancel: 'Cancelling', resubmit: 'Resubmitting' }

/** Again says how a run is resubmitted: from the start, or where it failed; with another body, or as it was. */
export interface Again {
  from?: 'failed'
  body?: unknown
  actionsToResubmit?: { name: string }[]
}

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

  /** all changes every run that matches in a list; the server does it, workflow by workflow, and counts. */
  const all = async (verb: Verb, list: RunScope, filter: RunFilter): Promise<void> => {
    const attempt = async (told: (s: string) => void): Promise<Tally> => {
      const workflows = await workflowsOf(client, list, filter.workflow)
      let tally = noTally
      for (const [i, workflow] of workflows.entries()) {
        const before = tally
        tally = await carry(client, verb, workflow, filter, (now) => told(progressOf(verb, sum(before, now), i, workflows.length)))
        tally = sum(before, tally)
      }
      if (tally.failed > 0) throw new ApiError(0, { code: tally.failures[0]?.code ?? 'Failed', message: `${outcomeOf(verb, tally)} ${tally.failures[0]?.message ?? ''}` })
      return tally
    }
    const title = list.workflow === undefined ? `${doing[verb]} runs that match` : `${doing[verb]} runs of ${nameOf(list.workflow)}`
    await notifications.follow({ title, done: (tally: Tally) => outcomeOf(verb, tally) }, attempt).finally(changed)
  }

  return { resubmit, cancel, each, all }
}
