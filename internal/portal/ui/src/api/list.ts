import type { Client, Query } from './client'

/** Page is a page of a list, as the resource manager gives it. */
export interface Page<T> {
  value: T[]
  nextLink?: string
}

/** Bound of what listAll reads: a list that is longer needs a filter. */
export const listBound = 5_000

/** listAll reads a list to its end, or to its first 5,000 items. */
export async function listAll<T>(client: Client, path: string, query: Query = {}, signal?: AbortSignal): Promise<T[]> {
  const found: T[] = []
  let next: string | undefined = path
  let options: { query?: Query; signal?: AbortSignal } = signal ? { query, signal } : { query }
  while (next !== undefined && found.length < listBound) {
    const page: Page<T> = (await client.get<Page<T>>(next, options)).body
    found.push(...page.value)
    next = page.nextLink
    options = signal ? { signal } : {}
  }
  return found
}
