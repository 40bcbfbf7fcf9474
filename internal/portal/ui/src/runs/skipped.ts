// Why an action was skipped: what it waited for came out otherwise, the branch that it lies
// in was not taken, or what it lies in was skipped itself.

import type { Node, Outline } from '../graph/outline'
import { Nest } from './iteration'

/** skipReason says in a sentence why a node was skipped; '' if the statuses do not tell. */
export function skipReason(outline: Outline, id: string, status: (id: string) => string): string {
  const nest = new Nest(outline)
  const reasons = outline.edges.flatMap((e) => {
    const came = status(e.from)
    if (e.to !== id || came === '' || e.statuses.some((s) => s.toLowerCase() === came.toLowerCase())) return []
    const name = nest.node(e.from)?.name ?? e.from
    return [`“${name}” ended as ${came}, and this runs after ${listed(e.statuses)}.`]
  })
  if (reasons.length > 0) return reasons.join(' ')
  const around = nest.around(id)
  return outside(around, status)
}

function outside(around: readonly Node[], status: (id: string) => string): string {
  const skipped = around.find((n) => n.kind === 'action' && status(n.id) === 'Skipped')
  if (skipped) return `“${skipped.name}”, which it lies in, was skipped.`
  const branch = around.findLast((n) => n.kind === 'branch')
  const owner = around.findLast((n) => n.kind === 'action')
  if (branch && owner) return `“${owner.name}” did not take the branch “${branch.name}”.`
  return ''
}

function listed(statuses: readonly string[]): string {
  return statuses.length < 2 ? (statuses[0] ?? 'Succeeded') : `${statuses.slice(0, -1).join(', ')} or ${statuses.at(-1) ?? ''}`
}
