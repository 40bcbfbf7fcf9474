import { parseId, sameId } from '../api/id'

const objectClaim = 'http://schemas.microsoft.com/identity/claims/objectidentifier'

/** nameOfActor is who did what an event tells: by the directory, where it has them, else as the event calls them. */
export function nameOfActor(caller: string, claims: Record<string, string>, people: readonly { id: string; name: string }[]): string {
  return people.find((p) => sameId(p.id, claims[objectClaim]))?.name ?? claims.name ?? caller
}

/** aboutScope is the condition, behind another one, of the events of a resource or of what is in a group; '' for those of a subscription. */
export function aboutScope(id: string): string {
  const parsed = parseId(id)
  if (parsed === undefined || parsed.namespace !== '') return ` and resourceUri eq '${id}'`
  return parsed.group === '' ? '' : ` and resourceGroupName eq '${parsed.group}'`
}
