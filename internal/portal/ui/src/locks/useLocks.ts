import { useQueries } from '@tanstack/react-query'
import { useClient } from '../api/context'
import type { ApiError } from '../api/error'
import { listAll } from '../api/list'
import { useResources } from '../api/resources'
import { locksPath, scopesAbove, type Lock } from './lock'

interface Locks {
  data: Lock[] | undefined
  error: ApiError | null
  refetch: () => void
}

/**
 * useLocks are all locks that hold at a scope or stand against its deletion: its own, those
 * below it, and those above it, as far as whoever is signed in may read them.
 */
export function useLocks(scope: string): Locks {
  const client = useClient()
  const own = useResources<Lock>(locksPath(scope), { enabled: scope !== '' })
  const above = useQueries({
    queries: scopesAbove(scope).map((s) => ({
      queryKey: ['list', locksPath(s).toLowerCase(), 'atScope'],
      queryFn: ({ signal }: { signal: AbortSignal }) => listAll<Lock>(client, locksPath(s), { $filter: 'atScope()' }, signal).catch((): Lock[] => []),
    })),
  })
  const ready = own.data !== undefined && above.every((q) => q.data !== undefined)
  return { data: ready ? [...above.flatMap((q) => q.data ?? []).reverse(), ...(own.data ?? [])] : undefined, error: own.error, refetch: () => void own.refetch() }
}
