// What can be done with a workflow as a whole.

import { nameOf } from '../api/id'
import { useClient } from '../api/context'
import { useChanged } from '../api/resources'
import { useChange, useNotifications } from '../frame/notifications'

/** useWorkflowChanges gives what changes workflows; each shows in the notifications, and throws what failed. */
export function useWorkflowChanges() {
  const client = useClient()
  const notifications = useNotifications()
  const changed = useChanged()
  const change = useChange()

  const setEnabled = async (id: string, enabled: boolean): Promise<void> => {
    const [doing, done] = enabled ? ['Enabling', 'enabled'] : ['Disabling', 'disabled']
    await notifications
      .follow({ title: `${doing} ${nameOf(id)}`, done: `${nameOf(id)} was ${done}.` }, () => client.post(`${id}/${enabled ? 'enable' : 'disable'}`))
      .finally(changed)
  }

  const remove = (id: string): Promise<void> => change({ title: `Deleting ${nameOf(id)}`, done: `${nameOf(id)} was deleted.`, id, send: (c) => c.delete(id) })

  /** save writes the resource's text; the ETag is that of what was read, '' to overwrite. */
  const save = async (id: string, resource: string, etag: string): Promise<void> => {
    const work = { title: `Saving ${nameOf(id)}`, done: `${nameOf(id)} was saved.`, target: id }
    await notifications.follow(work, () => client.put(id, undefined, { json: resource, ...(etag !== '' && { ifMatch: etag }) }))
    await changed()
  }

  /** run fires a trigger, with a body if it is one that is called. */
  const run = async (id: string, trigger: string, body: unknown): Promise<void> => {
    await notifications
      .follow({ title: `Running ${nameOf(id)}`, done: `${nameOf(id)} was run.` }, () => client.post(`${id}/triggers/${encodeURIComponent(trigger)}/run`, body))
      .finally(changed)
  }

  return { setEnabled, remove, save, run }
}
