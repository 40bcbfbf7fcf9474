import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import type { Answer, Query } from './client'
import { useClient } from './context'
import { ApiError } from './error'
import { listAll } from './list'

interface Reading {
  query?: Query
  enabled?: boolean
  every?: number // ms between looks; none if it is not given
}

/** useResource reads one resource, with its ETag. */
export function useResource<T>(id: string, reading: Reading = {}): UseQueryResult<Answer<T>, ApiError> {
  const client = useClient()
  return useQuery<Answer<T>, ApiError>({
    queryKey: ['resource', id.toLowerCase(), reading.query ?? {}],
    queryFn: ({ signal }) => client.get<T>(id, { query: reading.query ?? {}, signal }),
    enabled: reading.enabled ?? true,
    refetchInterval: reading.every ?? false,
  })
}

/** useResources reads a list to its end. */
export function useResources<T>(path: string, reading: Reading = {}): UseQueryResult<T[], ApiError> {
  const client = useClient()
  return useQuery<T[], ApiError>({
    queryKey: ['list', path.toLowerCase(), reading.query ?? {}],
    queryFn: ({ signal }) => listAll<T>(client, path, reading.query ?? {}, signal),
    enabled: reading.enabled ?? true,
    refetchInterval: reading.every ?? false,
  })
}

/**
 * useChanged gives a function that has everything on the page read again after a change,
 * but for what is at or below the ID of a resource that is gone.
 */
export function useChanged(): (gone?: string) => Promise<void> {
  const queries = useQueryClient()
  return (gone) => queries.invalidateQueries({ predicate: ({ queryKey }) => gone === undefined || !String(queryKey[1]).startsWith(gone.toLowerCase()) })
}
