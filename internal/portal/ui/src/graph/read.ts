// Reads a definition's text. What is not as the language has it (an action that is no
// object, a runAfter that is a list) is kept as text, so that every JSON object opens.

import { type Node, type ParseError, parseTree } from 'jsonc-parser'
import type { Definition, Member, Predecessor, Step, Value } from './definition'

/** origins remembers, of each part that was read, the text that it was read from. */
export type Origins = WeakMap<object, string>

/** Reading is a definition that was read, with what is needed to write it again. */
export interface Reading {
  readonly definition: Definition
  readonly origins: Origins
  readonly source: string
  readonly before: string // what stands around the object in the source
  readonly after: string
}

/** NotDefinition says that a text is no JSON object. */
export class NotDefinition extends Error {}

/** parse reads JSON as the service does: comments and trailing commas pass. */
export function parse(source: string): Node {
  const errors: ParseError[] = []
  const tree = parseTree(source, errors, { allowTrailingComma: true })
  if (tree === undefined || errors.length > 0) throw new NotDefinition('The text is no valid JSON.')
  return tree
}

/** read reads a definition. It throws NotDefinition if the text is no JSON object. */
export function read(source: string): Reading {
  const tree = parse(source)
  if (tree.type !== 'object') throw new NotDefinition('A definition is a JSON object.')
  const reader = new Reader(source)
  const definition: Definition = { members: reader.members(tree, topLevel) }
  const end = tree.offset + tree.length
  reader.origins.set(definition, source.slice(tree.offset, end))
  return { definition, origins: reader.origins, source, before: source.slice(0, tree.offset), after: source.slice(end) }
}

/** Part is what the graph makes of a member. */
type Part = 'triggers' | 'actions' | 'branch' | 'cases' | 'runAfter'

/** Shape says, by the name of a member in lower case, which part it is. */
type Shape = Readonly<Record<string, Part>>

const topLevel: Shape = { triggers: 'triggers', actions: 'actions' }
const action: Shape = { actions: 'actions', else: 'branch', default: 'branch', cases: 'cases', tools: 'cases', runafter: 'runAfter' }
const branch: Shape = { actions: 'actions' }
const trigger: Shape = {}

class Reader {
  readonly origins: Origins = new WeakMap()
  private readonly source: string

  constructor(source: string) {
    this.source = source
  }

  members(node: Node, shape: Shape): Member[] {
    return properties(node).map(({ name, value }) => ({ name, value: this.value(value, shape[name.toLowerCase()]) }))
  }

  private value(node: Node, part: Part | undefined): Value {
    const value = node.type === 'object' && part ? this.part(node, part) : undefined
    return this.keep(node, value ?? { kind: 'text', text: this.slice(node) })
  }

  private part(node: Node, part: Part): Value | undefined {
    switch (part) {
      case 'triggers':
        return this.named(node, 'steps', trigger)
      case 'actions':
        return this.named(node, 'steps', action)
      case 'cases':
        return this.named(node, 'cases', branch)
      case 'branch':
        return { kind: 'branch', members: this.members(node, branch) }
      case 'runAfter': {
        const entries = predecessors(node)
        return entries && { kind: 'runAfter', entries }
      }
    }
  }

  /** named reads an object of objects; undefined if one of them is something else. */
  private named(node: Node, kind: 'steps' | 'cases', shape: Shape): Value | undefined {
    const all = properties(node)
    if (all.some(({ value }) => value.type !== 'object')) return undefined
    const list = all.map(({ name, value }): Step => this.keep(value, { name, members: this.members(value, shape) }))
    return { kind, list }
  }

  private keep<T extends object>(node: Node, part: T): T {
    this.origins.set(part, this.slice(node))
    return part
  }

  private slice(node: Node): string {
    return this.source.slice(node.offset, node.offset + node.length)
  }
}

function predecessors(node: Node): Predecessor[] | undefined {
  const entries: Predecessor[] = []
  for (const { name, value } of properties(node)) {
    const items = value.children ?? []
    if (value.type !== 'array' || items.some((item) => item.type !== 'string')) return undefined
    entries.push({ name, statuses: items.map((item) => String(item.value)) })
  }
  return entries
}

/** properties are the members of an object, in the order written. */
export function properties(node: Node): { name: string; key: Node; value: Node }[] {
  return (node.children ?? []).flatMap((property) => {
    const [key, value] = property.children ?? []
    return key && value ? [{ name: String(key.value), key, value }] : []
  })
}
