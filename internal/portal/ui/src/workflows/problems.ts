// Where in a definition the problems are that the server names.

import type { ApiError, ErrorDetail } from '../api/error'
import type { Problem } from '../editor/problem'
import { find, segments } from '../graph/pointer'
import { parse } from '../graph/read'

/** Finding is a problem of a definition, or of what is around it. */
export interface Finding {
  readonly code: string
  readonly message: string
  readonly pointer: string | undefined // in the definition; undefined: the problem is elsewhere
}

/** findingsOf are the problems in a refusal, each once. */
export function findingsOf(error: ApiError): Finding[] {
  const all = error.detail.details && error.detail.details.length > 0 ? error.detail.details : [error.detail]
  return all.map((d) => {
    const pointer = pointerOf(d)
    return { code: d.code, message: pointer === undefined ? d.message : withoutPlace(d.message), pointer }
  })
}

/** withoutPlace leaves out a line and a column, which are of the request: the editor's text has others. */
function withoutPlace(message: string): string {
  return message.replace(/ at line '\d+' and column '\d+'/g, '')
}

/** pointerOf reads a target: a JSON pointer into the resource, or a path with dots. */
function pointerOf({ target = '' }: ErrorDetail): string | undefined {
  const pointer = target.startsWith('/') ? target : `/${target.replaceAll('.', '/')}`
  return pointer === '/properties/definition' || pointer.startsWith('/properties/definition/') ? pointer.slice('/properties/definition'.length) : undefined
}

/** placed puts findings at their places in the text; a text that is no JSON has none. */
export function placed(findings: readonly Finding[], text: string): Problem[] {
  try {
    const tree = parse(text)
    return findings.flatMap((f) => (f.pointer === undefined ? [] : [{ ...find(tree, f.pointer), code: f.code, message: f.message }]))
  } catch {
    return []
  }
}

/** byNode counts findings by the node of the drawing that they are in. */
export function byNode(findings: readonly Finding[], ids: ReadonlySet<string>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { pointer } of findings) {
    const id = pointer === undefined ? undefined : nodeAt(pointer, ids)
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

/** nodeAt is the innermost node that a pointer points into. */
export function nodeAt(pointer: string, ids: ReadonlySet<string>): string | undefined {
  for (let at = pointer; segments(at).length > 0; at = at.slice(0, at.lastIndexOf('/'))) {
    if (ids.has(at)) return at
  }
  return undefined
}
