// Iterations of loops: which loops an action lies in, and how its repetition is named.

import type { Node, Outline } from '../graph/outline'

/** Iterations are the ones that are looked at, by the id of the loop; counted from 0. */
export type Iterations = ReadonlyMap<string, number>

const loopTypes = new Set(['foreach', 'until'])

/** isLoop says whether a node repeats what lies in it. */
export function isLoop(node: Node): boolean {
  return loopTypes.has(node.type.toLowerCase())
}

/** Nest answers for an outline what lies in what. */
export class Nest {
  private readonly nodes: ReadonlyMap<string, Node>

  constructor(outline: Outline) {
    this.nodes = new Map(outline.nodes.map((n) => [n.id, n]))
  }

  node(id: string): Node | undefined {
    return this.nodes.get(id)
  }

  /** around are the nodes that a node lies in, outermost first. */
  around(id: string): Node[] {
    const found: Node[] = []
    for (let at = this.parent(id); at; at = this.parent(at.id)) found.unshift(at)
    return found
  }

  /** loops are those that a node lies in, outermost first. */
  loops(id: string): Node[] {
    return this.around(id).filter(isLoop)
  }

  private parent(id: string): Node | undefined {
    const parent = this.nodes.get(id)?.parent
    return parent === undefined ? undefined : this.nodes.get(parent)
  }
}

/** repetitionName is how the API names the repetition at iterations of the loops around it; undefined if one is not chosen. */
export function repetitionName(loops: readonly Node[], iterations: Iterations): string | undefined {
  const indexes = loops.map((l) => iterations.get(l.id))
  if (indexes.some((i) => i === undefined)) return undefined
  return indexes.map((i) => String(i).padStart(6, '0')).join('-')
}

/** Iteration is one of a loop, as the list of its scope repetitions has it. */
export interface Iteration {
  readonly index: number
  readonly status: string
}

/** within are the iterations of a loop at iterations of the loops around it, in order. */
export function within(repetitions: readonly { name: string; status: string }[], outer: string): Iteration[] {
  const prefix = outer === '' ? '' : `${outer}-`
  return repetitions
    .filter((r) => r.name.startsWith(prefix) && !r.name.slice(prefix.length).includes('-'))
    .map((r) => ({ index: Number(r.name.slice(prefix.length)), status: r.status }))
    .sort((a, b) => a.index - b.index)
}
