// Definitions of workflows and of their versions, as texts and as drawings.

import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useClient } from '../api/context'
import type { ApiError } from '../api/error'
import { outline, type Outline } from '../graph/outline'
import { read } from '../graph/read'
import { definitionIn } from './resourceText'

/** WorkflowText is a workflow, or a version, as the server has it. */
export interface WorkflowText {
  readonly resource: string
  readonly definition: string // broken into lines
  readonly etag: string
}

/** useWorkflowText reads a workflow or a version as text. */
export function useWorkflowText(id: string | undefined) {
  const client = useClient()
  return useQuery<WorkflowText, ApiError>({
    queryKey: ['workflow text', id?.toLowerCase()],
    queryFn: async ({ signal }) => {
      const { body, etag } = await client.getJSON(id ?? '', { signal })
      return { resource: body, definition: definitionIn(body), etag }
    },
    enabled: id !== undefined && id !== '',
    refetchOnWindowFocus: false,
  })
}

/** useVersion reads what a run ran, and draws it. A version never changes. */
export function useVersion(id: string | undefined): { outline: Outline | undefined; error: ApiError | null } {
  const { data, error } = useWorkflowText(id)
  const drawn = useMemo(() => (data ? outlineOf(data.definition) : undefined), [data])
  return { outline: drawn, error }
}

/** outlineOf draws a definition; undefined for a text that is none. */
export function outlineOf(definition: string): Outline | undefined {
  try {
    return outline(read(definition).definition)
  } catch {
    return undefined
  }
}
