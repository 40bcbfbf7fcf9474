import { useState } from 'react'
import type { Answer, Client } from '../api/client'
import { toApiError } from '../api/error'
import { groupId, providerId } from '../api/id'
import { useResourceGroups, useSubscription } from '../api/subscription'
import { groupName, type BasicsDraft } from './Basics'

const empty: BasicsDraft = { group: '', newGroup: '', name: '', location: '' }

/** useBasics is the draft of a create form's first fields; until somebody chooses, its place is this resource group, or the first one. */
export function useBasics(group = '') {
  const subscription = useSubscription()
  const groups = useResourceGroups(subscription)
  const [typed, change] = useState<BasicsDraft>(empty)
  const first = groups.data?.find((g) => g.name.toLowerCase() === group.toLowerCase()) ?? groups.data?.[0]
  const unplaced = typed.group === '' && typed.newGroup === '' && first !== undefined
  const draft = unplaced ? { ...typed, group: first.name, location: typed.location || first.location } : typed
  return { subscription, draft, change, groups: groups.data }
}

export type BasicsField = 'name' | 'location'

/** basicsField is the field of a create form that an error's target is about. */
export function basicsField(target: string): BasicsField | undefined {
  return target === 'name' || target === 'location' ? target : undefined
}

/** newId is the ID that a draft's resource will have. */
export function newId(subscription: string, type: string, draft: BasicsDraft): string {
  return providerId(subscription, groupName(draft), type, draft.name)
}

/** makeMissing makes a resource, and tells whether it did: one that is there stays as it is. */
export async function makeMissing(client: Client, id: string, body: object): Promise<boolean> {
  try {
    await client.put(id, body, { ifNoneMatch: '*' })
    return true
  } catch (error) {
    if (toApiError(error).status === 412) return false
    throw error
  }
}

/** createGroup makes the resource group of a draft if it is a new one. */
export async function createGroup(client: Client, subscription: string, draft: BasicsDraft): Promise<void> {
  if (draft.newGroup !== '') await makeMissing(client, groupId(subscription, draft.newGroup), { location: draft.location })
}

/** createResource makes the resource group if the draft has a new one, and then the resource, unless it is there. */
export async function createResource(client: Client, subscription: string, type: string, draft: BasicsDraft, body: object): Promise<Answer<unknown>> {
  await createGroup(client, subscription, draft)
  return client.put(newId(subscription, type, draft), { location: draft.location, ...body }, { ifNoneMatch: '*' })
}

/** completeBasics tells whether nothing of a draft is missing. */
export function completeBasics(draft: BasicsDraft): boolean {
  return groupName(draft) !== '' && draft.name !== '' && draft.location !== ''
}
