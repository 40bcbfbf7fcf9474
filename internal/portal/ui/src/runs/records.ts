// The records of a run's actions, at the iterations that are looked at.

import { useQueries, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useClient } from '../api/context'
import type { ApiError } from '../api/error'
import { listAll } from '../api/list'
import type { Node, Outline } from '../graph/outline'
import { type Iteration, type Iterations, isLoop, Nest, repetitionName, within } from './iteration'
import { type Action, type ActionProperties, hasFailed, isOpen, type Run, type TriggerProperties } from './run'

/** RunRecord is the record of a node, and where the API has it. */
export interface RunRecord {
  readonly path: string // '' of the trigger
  readonly properties: ActionProperties | TriggerProperties
}

const every = 1_000 // ms between looks at a run that is open

/** useRun reads a run, again and again while it is open. */
export function useRun(id: string) {
  const client = useClient()
  return useQuery<Run, ApiError>({
    queryKey: ['run', id.toLowerCase()],
    queryFn: async ({ signal }) => (await client.get<Run>(id, { signal })).body,
    refetchInterval: ({ state }) => (state.data && isOpen(state.data.properties.status) ? every : false),
  })
}

/** useActions lists the actions of a run. What it reads belongs to the run's status, so the end is read too. */
export function useActions(run: Run | undefined) {
  const client = useClient()
  return useQuery<Action[], ApiError>({
    queryKey: ['run actions', run?.id.toLowerCase(), run?.properties.status],
    queryFn: ({ signal }) => listAll<Action>(client, `${run?.id ?? ''}/actions`, { $top: 250 }, signal),
    enabled: run !== undefined,
    placeholderData: (before) => before,
    refetchInterval: run && isOpen(run.properties.status) ? every : false,
  })
}

/** Loop is a loop that is looked into, with its iterations as far as they are known. */
export interface Loop {
  readonly node: Node
  readonly iterations: readonly Iteration[] | undefined
}

/** useLoops reads the iterations of the loops that a node lies in, and of the node itself if it is one. */
export function useLoops(run: Run | undefined, nest: Nest, chosen: string | undefined, picked: Iterations): { loops: readonly Loop[]; iterations: Iterations } {
  const client = useClient()
  const self = chosen === undefined ? undefined : nest.node(chosen)
  const nodes = chosen === undefined ? [] : [...nest.loops(chosen), ...(self && isLoop(self) ? [self] : [])]
  const lists = useQueries({
    queries: nodes.map((n) => ({
      queryKey: ['iterations', run?.id.toLowerCase(), n.id, run?.properties.status],
      queryFn: ({ signal }: { signal: AbortSignal }) => listAll<Action>(client, `${run?.id ?? ''}/actions/${encodeURIComponent(n.name)}/scopeRepetitions`, {}, signal),
      enabled: run !== undefined,
      staleTime: run && isOpen(run.properties.status) ? every : Infinity,
    })),
  })
  const iterations = new Map(picked)
  const loops = nodes.map((node, i): Loop => {
    const data = lists[i]?.data
    const outer = repetitionName(nest.loops(node.id), iterations)
    const found =
      data && outer !== undefined
        ? within(
            data.map((a) => ({ name: a.name, status: a.properties.status })),
            outer,
          )
        : undefined
    const first = found?.find((f) => hasFailed(f.status)) ?? found?.[0]
    const kept = found?.some((f) => f.index === iterations.get(node.id)) ?? false
    if (!kept) iterations.delete(node.id)
    if (!kept && first) iterations.set(node.id, first.index)
    return { node, iterations: found }
  })
  return { loops, iterations }
}

/** Bound of the records that are read for one iteration of loops. */
const mostRepetitions = 120

/** useRecords gives the records of all nodes: those in loops that are looked into at the iterations chosen. */
export function useRecords(run: Run | undefined, actions: readonly Action[] | undefined, outline: Outline, nest: Nest, iterations: Iterations): ReadonlyMap<string, RunRecord> {
  const client = useClient()
  const inside = outline.nodes
    .filter((n) => n.kind === 'action')
    .map((n) => ({ node: n, loops: nest.loops(n.id) }))
    .filter(({ loops }) => loops.length > 0 && loops.every((l) => iterations.has(l.id)))
    .slice(0, mostRepetitions)
  const repetitions = useQueries({
    queries: inside.map(({ node, loops }) => {
      const path = `${run?.id ?? ''}/actions/${encodeURIComponent(node.name)}/repetitions/${repetitionName(loops, iterations) ?? ''}`
      return {
        queryKey: ['repetition', path.toLowerCase(), run?.properties.status],
        queryFn: async ({ signal }: { signal: AbortSignal }) => ({ node: node.id, path, properties: (await client.get<Action>(path, { signal })).body.properties }),
        enabled: run !== undefined,
        retry: false, // there is none of what the iteration did not come to
        staleTime: run && isOpen(run.properties.status) ? every : Infinity,
      }
    }),
    combine: (results) => results.flatMap((r) => r.data ?? []),
  })
  const asked = inside.map(({ node }) => node.id).join('\n')
  return useMemo(() => {
    const byName = new Map((actions ?? []).map((a) => [a.name.toLowerCase(), a]))
    const known = new Map<string, RunRecord>()
    const later = new Set(asked.split('\n'))
    for (const n of outline.nodes) {
      const action = byName.get(n.name.toLowerCase())
      if (n.kind === 'trigger' && run?.properties.trigger.name.toLowerCase() === n.name.toLowerCase()) known.set(n.id, { path: '', properties: run.properties.trigger })
      if (n.kind === 'action' && action && !later.has(n.id)) known.set(n.id, { path: action.id, properties: action.properties })
    }
    for (const { node, path, properties } of repetitions) known.set(node, { path, properties })
    return known
  }, [run, actions, outline, repetitions, asked])
}

/** firstFailure is the node to look at first: what failed and has nothing in it, else what failed. */
export function firstFailure(outline: Outline, records: ReadonlyMap<string, RunRecord>): string | undefined {
  const nodes = outline.nodes.filter((n) => n.kind === 'action' && hasFailed(records.get(n.id)?.properties.status ?? ''))
  return (nodes.find((n) => !n.container) ?? nodes.findLast(isLoop) ?? nodes.at(-1))?.id
}
