import { groupId, providerId } from '../api/id'
import type { Client } from '../api/client'
import { groupName, type BasicsDraft } from '../frame/Basics'

export type BasicsField = 'name' | 'location'

/** basicsField is the field of a create form that an error's target is about. */
export function basicsField(target: string): BasicsField | undefined {
  return target === 'name' || target === 'location' ? target : undefined
}

/** newId is the ID that a draft's resource will have. */
export function newId(subscription: string, type: string, draft: BasicsDraft): string {
  return providerId(subscription, groupName(draft), type, draft.name)
}

/** createResource makes the resource group if the draft has a new one, and then the resource, unless it is there. */
export async function createResource(client: Client, subscription: string, type: string, draft: BasicsDraft, body: object) {
  if (draft.newGroup !== '') await client.put(groupId(subscription, draft.newGroup), { location: draft.location })
  return client.put(newId(subscription, type, draft), { location: draft.location, ...body }, { ifNoneMatch: '*' })
}

/** completeBasics tells whether nothing of a draft is missing. */
export function completeBasics(draft: BasicsDraft): boolean {
  return groupName(draft) !== '' && draft.name !== '' && draft.location !== ''
}
