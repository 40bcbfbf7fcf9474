// What of a definition is drawn: nodes, of which some lie in others, and the edges between
// those that follow each other.

import { type Definition, member, type Step, steps, text } from './definition'
import { child } from './pointer'

/** Kind is what a node stands for; a branch is one of several of an action. */
export type Kind = 'trigger' | 'action' | 'branch'

/** Node is something drawn. Its id is its JSON pointer in the definition. */
export interface Node {
  readonly id: string
  readonly kind: Kind
  readonly name: string // of a branch what is shown of it: "True", or the name of the case
  readonly type: string // of the trigger or action, as written; "" of a branch
  readonly note: string // what the author says of it; of a case its value
  readonly parent?: string // the node around it
  /** container says that nodes lie in it, or may. */
  readonly container: boolean
}

/** Edge leads from a node to one that runs after it. */
export interface Edge {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly statuses: readonly string[] // of the first, that the second waits for
}

/** Outline is a definition as it is drawn: a node stands behind the one that it lies in. */
export interface Outline {
  readonly nodes: readonly Node[]
  readonly edges: readonly Edge[]
}

/** outline makes the drawing of a definition. */
export function outline(definition: Definition): Outline {
  const o = new Outliner()
  const triggers = steps(definition, 'triggers').map((t) => o.trigger(t))
  const first = o.sequence(steps(definition, 'actions'), '/actions')
  for (const from of triggers) for (const to of first) o.edges.push({ id: `${from}→${to}`, from, to, statuses: ['Succeeded'] })
  return { nodes: o.nodes, edges: o.edges }
}

class Outliner {
  readonly nodes: Node[] = []
  readonly edges: Edge[] = []
  private readonly drawn = new Set<string>()

  trigger(t: Step): string {
    const id = child('/triggers', t.name)
    this.nodes.push({ id, kind: 'trigger', name: t.name, type: text(t, 'type'), note: text(t, 'description'), container: false })
    return id
  }

  /** sequence draws actions and gives those that begin first. */
  sequence(list: readonly Step[], pointer: string, parent?: string): string[] {
    const ids = new Map(list.map((s) => [s.name.toLowerCase(), child(pointer, s.name)]))
    const first: string[] = []
    for (const s of list) {
      const id = child(pointer, s.name)
      if (this.drawn.has(id)) continue // the name stands there twice
      this.drawn.add(id)
      this.action(s, id, parent)
      if (this.connect(s, id, ids) === 0) first.push(id)
    }
    return first
  }

  private connect(s: Step, id: string, siblings: ReadonlyMap<string, string>): number {
    const after = member(s, 'runAfter')
    if (after?.kind !== 'runAfter') return 0
    let count = 0
    for (const entry of after.entries) {
      const from = siblings.get(entry.name.toLowerCase())
      if (from === undefined || from === id) continue // the server names it as a problem
      const statuses = entry.statuses.length > 0 ? entry.statuses : ['Succeeded']
      this.edges.push({ id: `${from}→${id}`, from, to: id, statuses })
      count++
    }
    return count
  }

  private action(s: Step, id: string, parent: string | undefined): void {
    const type = text(s, 'type')
    const branches = branchesOf(s, id, type)
    const inner = member(s, 'actions')
    const container = branches.length > 0 || inner?.kind === 'steps'
    this.nodes.push({ id, kind: 'action', name: s.name, type, note: text(s, 'description'), container, ...(parent && { parent }) })
    if (branches.length === 0) {
      this.sequence(steps(s, 'actions'), child(id, 'actions'), id)
      return
    }
    for (const b of branches) {
      this.nodes.push({ id: b.id, kind: 'branch', name: b.name, type: '', note: b.note, container: true, parent: id })
      this.sequence(b.steps, child(b.pointer, 'actions'), b.id)
    }
  }
}

/** Limb is a branch to be drawn; pointer is where the object with its actions stands. */
interface Limb {
  readonly id: string
  readonly pointer: string
  readonly name: string
  readonly note: string
  readonly steps: readonly Step[]
}

function branchesOf(s: Step, id: string, type: string): Limb[] {
  const list: Limb[] = []
  const otherwise = member(s, 'else')
  if (type.toLowerCase() === 'if' || otherwise?.kind === 'branch') {
    list.push({ id: child(id, 'actions'), pointer: id, name: 'True', note: '', steps: steps(s, 'actions') })
    const last = otherwise?.kind === 'branch' ? steps(otherwise, 'actions') : []
    list.push({ id: child(id, 'else'), pointer: child(id, 'else'), name: 'False', note: '', steps: last })
  }
  for (const holder of ['cases', 'tools']) {
    const cases = member(s, holder)
    if (cases?.kind !== 'cases') continue
    for (const c of cases.list) {
      const pointer = child(child(id, holder), c.name)
      list.push({ id: pointer, pointer, name: c.name, note: caseOf(c), steps: steps(c, 'actions') })
    }
  }
  const fallback = member(s, 'default')
  if (fallback?.kind === 'branch') {
    list.push({ id: child(id, 'default'), pointer: child(id, 'default'), name: 'Default', note: '', steps: steps(fallback, 'actions') })
  }
  return list
}

/** caseOf is the value of a case as it is shown. */
function caseOf(c: Step): string {
  const value = member(c, 'case')
  return value?.kind === 'text' ? value.text : text(c, 'description')
}
