/**
 * Resource IDs as the resource manager writes them:
 * /subscriptions/S[/resourceGroups/G]/providers/NAMESPACE/TYPE/NAME[/TYPE/NAME…].
 * Letter case means nothing in them, so compare with {@link sameId}.
 */
export interface ResourceId {
  subscription: string
  group: string // '' for a resource of the subscription
  namespace: string // '' for a subscription or a resource group
  types: string[]
  names: string[] // one for each of types
}

export function parseId(id: string): ResourceId | undefined {
  const parts = id.split('/').filter((p) => p !== '')
  if (!same(parts[0], 'subscriptions') || parts[1] === undefined) return undefined
  const found: ResourceId = { subscription: parts[1], group: '', namespace: '', types: [], names: [] }
  let at = 2
  if (same(parts[at], 'resourceGroups') && parts[at + 1] !== undefined) {
    found.group = parts[at + 1] ?? ''
    at += 2
  }
  if (!same(parts[at], 'providers')) return at === parts.length ? found : undefined
  found.namespace = parts[at + 1] ?? ''
  const rest = parts.slice(at + 2)
  if (found.namespace === '' || rest.length % 2 !== 0) return undefined
  rest.forEach((part, i) => (i % 2 === 0 ? found.types : found.names).push(part))
  return found
}

export function formatId(id: ResourceId): string {
  const group = id.group === '' ? '' : `/resourceGroups/${id.group}`
  const provider = id.namespace === '' ? '' : `/providers/${id.namespace}`
  return `/subscriptions/${id.subscription}${group}${provider}${id.types.map((t, i) => `/${t}/${id.names[i] ?? ''}`).join('')}`
}

/** Type is the full type of an ID, as "Microsoft.Logic/workflows/runs". */
export function typeOf(id: string): string {
  const parsed = parseId(id)
  if (parsed === undefined) return ''
  if (parsed.namespace === '') return parsed.group === '' ? 'Microsoft.Resources/subscriptions' : 'Microsoft.Resources/resourceGroups'
  return [parsed.namespace, ...parsed.types].join('/')
}

/** nameOf is the last name in an ID. */
export function nameOf(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1)
}

/** nameAmong is the name of a resource in a list: with its group where another one of the list has the same name. */
export function nameAmong(id: string, list: readonly { id: string }[] = []): string {
  const name = nameOf(id)
  return list.some((r) => !sameId(r.id, id) && same(nameOf(r.id), name)) ? `${name} (${groupOf(id)})` : name
}

export function groupOf(id: string): string {
  return parseId(id)?.group ?? ''
}

/** parentOf is the ID of the resource around a child resource, '' for one that has none. */
export function parentOf(id: string): string {
  const parsed = parseId(id)
  if (parsed === undefined || parsed.types.length < 2) return ''
  return formatId({ ...parsed, types: parsed.types.slice(0, -1), names: parsed.names.slice(0, -1) })
}

export function groupId(subscription: string, group: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${group}`
}

/** providerId is the ID of a resource in a group, such as providerId(s, g, 'Microsoft.Network/virtualNetworks', 'vnet'). */
export function providerId(subscription: string, group: string, type: string, name: string): string {
  return `${groupId(subscription, group)}/providers/${type}/${name}`
}

export function sameId(a: string | undefined, b: string | undefined): boolean {
  return same(a, b)
}

function same(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase()
}
