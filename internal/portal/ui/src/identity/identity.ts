import type { ManagedServiceIdentity, ManagedServiceIdentityType } from '../api/models/logic'

export const userIdentityType = 'Microsoft.ManagedIdentity/userAssignedIdentities'

/** Choice is what the form says of an identity. */
export interface Choice {
  type: ManagedServiceIdentityType
  users: string[] // IDs of user-assigned identities
}

/** choiceOf is the form of the identity that a resource has. */
export function choiceOf(identity: ManagedServiceIdentity | undefined): Choice {
  return { type: identity?.type ?? 'None', users: Object.keys(identity?.userAssignedIdentities ?? {}) }
}

/** bodyOf is the identity to send. */
export function bodyOf({ type, users }: Choice): ManagedServiceIdentity {
  return type === 'UserAssigned' ? { type, userAssignedIdentities: Object.fromEntries(users.map((id) => [id, {}])) } : { type }
}

/** incomplete says what a choice lacks; '' if nothing. */
export function incomplete({ type, users }: Choice): string {
  return type === 'UserAssigned' && users.length === 0 ? 'Choose at least one identity.' : ''
}

/** sameChoice tells whether two choices mean the same. */
export function sameChoice(a: Choice, b: Choice): boolean {
  const users = (c: Choice) => (c.type === 'UserAssigned' ? c.users.map((u) => u.toLowerCase()).sort().join() : '')
  return a.type === b.type && users(a) === users(b)
}
