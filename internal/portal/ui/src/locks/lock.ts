import { nameOf, parentOf, parseId, sameId } from '../api/id'
import type { LockLevel, ManagementLockObject } from '../api/models/locks'

/** Lock keeps its scope, and all that is below it, from being deleted or changed. */
export type Lock = ManagementLockObject & { id: string; name: string }

const marker = '/providers/microsoft.authorization/locks'

/** locksPath is the list of the locks at a scope and below it. */
export function locksPath(scope: string): string {
  return `${scope}/providers/Microsoft.Authorization/locks`
}

/** lockedScope is the ID of what a lock is at. */
export function lockedScope(lock: string): string {
  return lock.slice(0, Math.max(lock.toLowerCase().lastIndexOf(marker), 0))
}

/** scopesAbove are the scopes whose locks hold at an ID as well: its parents, its group, its subscription. */
export function scopesAbove(id: string): string[] {
  const parsed = parseId(id)
  if (parsed === undefined) return []
  const parents: string[] = []
  for (let parent = parentOf(id); parent !== ''; parent = parentOf(parent)) parents.push(parent)
  const subscription = `/subscriptions/${parsed.subscription}`
  const group = parsed.group === '' ? '' : `${subscription}/resourceGroups/${parsed.group}`
  return [...parents, group, subscription].filter((s) => s !== '' && !sameId(s, id))
}

/** lockPlace says where a lock is, as it is seen from a scope. */
export function lockPlace(lock: string, here: string): string {
  const scope = lockedScope(lock)
  if (sameId(scope, here)) return 'Here'
  const above = scopesAbove(here).some((s) => sameId(s, scope))
  const parsed = parseId(scope)
  if (above) return parsed?.group === '' ? 'The subscription (inherited)' : `${nameOf(scope)} (inherited)`
  return `${nameOf(scope)} (in it)`
}

/** levelText says what a lock keeps from happening. */
export function levelText(level: LockLevel | undefined): string {
  if (level === 'CanNotDelete') return 'Delete: it cannot be deleted'
  return level === 'ReadOnly' ? 'Read-only: it cannot be changed, deleted or acted on' : (level ?? '')
}

/** lockNameProblem says what is wrong with a lock's name; '' if nothing is. */
export function lockNameProblem(name: string, taken: readonly string[]): string {
  if (name === '') return 'Give a name.'
  if (name.length > 90 || !/^[\w.()-]+$/.test(name) || name.endsWith('.')) return 'Up to 90 letters, digits, underscores, hyphens, parentheses and periods; no period at the end.'
  return taken.some((t) => sameId(t, name)) ? 'There is a lock of that name here.' : ''
}
