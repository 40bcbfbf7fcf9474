// Lists of runs from the server, page by page, as far as somebody wants to see.

import { type InfiniteData, useInfiniteQuery } from '@tanstack/react-query'
import type { Client } from '../api/client'
import { useClient } from '../api/context'
import type { ApiError } from '../api/error'
import type { Page } from '../api/list'
import { queryOf, type RunFilter } from './filter'
import { isOpen, type Run } from './run'

/** RunPage is a page of runs; indexing says how far the search is behind, if one was made. */
interface RunPage extends Page<Run> {
  indexing?: { runsBehind: number; secondsBehind?: number }
}

/** Bound of the pages without any run that are followed at once. */
const emptyPages = 5
const pageSize = 50

async function readPage(client: Client, path: string, filter: RunFilter, signal: AbortSignal, next: string): Promise<RunPage> {
  let page = (await client.get<RunPage>(next || path, next ? { signal } : { query: { $top: pageSize, ...queryOf(filter, Date.now()) }, signal })).body
  for (let i = 0; i < emptyPages && page.value.length === 0 && page.nextLink !== undefined; i++) {
    page = (await client.get<RunPage>(page.nextLink, { signal })).body
  }
  return page
}

/** Glance is what of a page says whether it lasts. */
interface Glance extends Pick<RunPage, 'indexing'> {
  value: readonly { properties: Pick<Run['properties'], 'status' | 'startTime'> }[]
}

/** again says after how long, in ms, a list is read again: without being live, too, if it is likely to be another one in a moment. */
export function again(page: Glance | undefined, live: boolean, now: number): number | false {
  if ((page?.indexing?.runsBehind ?? 0) > 0) return 1_000 // the search will know more
  const fresh = page?.value.some(({ properties: { status, startTime } }) => isOpen(status) && now - Date.parse(startTime) < 60_000)
  return live || fresh ? 2_000 : false
}

/** useRuns lists the runs at a path, which is the runs of a workflow, an environment or a subscription. */
export function useRuns(path: string, filter: RunFilter, live: boolean) {
  const client = useClient()
  const result = useInfiniteQuery<RunPage, ApiError, InfiniteData<RunPage>, readonly unknown[], string>({
    queryKey: ['runs', path.toLowerCase(), filter],
    queryFn: ({ signal, pageParam }) => readPage(client, path, filter, signal, pageParam),
    initialPageParam: '',
    getNextPageParam: (last) => last.nextLink,
    enabled: path !== '',
    refetchInterval: ({ state: { data } }) => ((data?.pages.length ?? 0) > 1 ? false : again(data?.pages[0], live, Date.now())),
  })
  const pages = result.data?.pages
  return { ...result, runs: pages?.flatMap((p) => p.value), indexing: pages?.[0]?.indexing, pages: pages?.length ?? 0 }
}
