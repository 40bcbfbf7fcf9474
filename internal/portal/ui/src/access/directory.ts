import { useQuery } from '@tanstack/react-query'
import type { Client } from '../api/client'
import { useClient } from '../api/context'
import { ApiError } from '../api/error'

/** Somebody is a person, an application or a group of the directory, as role assignments name them. */
export interface Somebody {
  id: string
  name: string
  hint: string // what tells two of one name apart
  kind: 'User' | 'ServicePrincipal' | 'Group'
}

interface Entry {
  id: string
  displayName: string
  userPrincipalName?: string
  appId?: string
}

interface Entries {
  value: Entry[]
  '@odata.nextLink'?: string
}

/** useDirectory lists everybody who can be given a role; nobody, where the directory may not be read. */
export function useDirectory() {
  const client = useClient()
  return useQuery<Somebody[], ApiError>({ queryKey: ['directory'], queryFn: () => everybody(client), staleTime: 30_000 })
}

async function everybody(client: Client): Promise<Somebody[]> {
  const lists = await Promise.all([
    entries(client, '/v1.0/users').then((l) => l.map((e): Somebody => ({ id: e.id, name: e.displayName, hint: e.userPrincipalName ?? '', kind: 'User' }))),
    entries(client, '/v1.0/servicePrincipals').then((l) => l.map((e): Somebody => ({ id: e.id, name: e.displayName, hint: e.appId ?? '', kind: 'ServicePrincipal' }))),
    entries(client, '/v1.0/groups').then((l) => l.map((e): Somebody => ({ id: e.id, name: e.displayName, hint: 'Group', kind: 'Group' }))),
  ])
  return lists.flat().sort((a, b) => a.name.localeCompare(b.name))
}

async function entries(client: Client, first: string): Promise<Entry[]> {
  const found: Entry[] = []
  for (let next: string | undefined = first; next !== undefined; ) {
    const page: Entries = (await client.get<Entries>(next)).body
    found.push(...page.value)
    next = page['@odata.nextLink']
  }
  return found
}

export const kinds: Record<string, string> = { User: 'Person', ServicePrincipal: 'Application', Group: 'Group' }
