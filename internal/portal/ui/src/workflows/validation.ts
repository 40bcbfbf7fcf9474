import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useClient } from '../api/context'
import { ApiError } from '../api/error'
import { parse } from '../graph/read'
import { type Finding, findingsOf } from './problems'

const rest = 700 // ms without a change before the server is asked

/** useValidation has the server check a resource while it is edited; undefined asks for nothing. */
export function useValidation(id: string, resource: string | undefined): { findings: readonly Finding[]; checking: boolean } {
  const client = useClient()
  const settled = useSettled(resource)
  const result = useQuery<Finding[]>({
    queryKey: ['validation', id.toLowerCase(), settled],
    queryFn: ({ signal }) => check(() => client.post(`${id}/validate`, undefined, { json: settled ?? '', signal })),
    enabled: settled !== undefined && isJSON(settled),
    staleTime: Infinity,
    gcTime: 0,
    placeholderData: (before) => before,
  })
  return { findings: resource === undefined ? [] : (result.data ?? []), checking: resource !== undefined && (settled !== resource || result.isFetching) }
}

async function check(ask: () => Promise<unknown>): Promise<Finding[]> {
  try {
    await ask()
    return []
  } catch (error) {
    if (error instanceof ApiError && error.status >= 400 && error.status < 500) return findingsOf(error)
    throw error
  }
}

/** useSettled is a value that has not changed for a moment. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const later = setTimeout(() => setSettled(value), rest)
    return () => clearTimeout(later)
  }, [value])
  return settled
}

function isJSON(text: string): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}
