// The text of a workflow resource: its definition is taken out of it and put back without
// being read as values, so that what nobody changed stays as it is.

import type { Node } from 'jsonc-parser'
import { pretty } from '../graph/pretty'
import { parse, properties } from '../graph/read'

/** part is the text of what a path of members leads to; undefined if it is not there. */
export function part(resource: string, ...path: string[]): string | undefined {
  const node = walk(parse(resource), path)
  return node && resource.slice(node.offset, node.offset + node.length)
}

/** replaced is the text with another part at a path, which is made if it is not there. */
export function replaced(resource: string, value: string, ...path: string[]): string {
  const tree = parse(resource)
  const node = walk(tree, path)
  if (node) return resource.slice(0, node.offset) + value + resource.slice(node.offset + node.length)
  const name = path.at(-1) ?? ''
  const owner = walk(tree, path.slice(0, -1))
  if (!owner || owner.type !== 'object') throw new Error(`The resource has no object to put ${name} into.`)
  const comma = (owner.children?.length ?? 0) > 0 ? ',' : ''
  const end = owner.offset + owner.length - 1
  return `${resource.slice(0, end)}${comma}${JSON.stringify(name)}:${value}${resource.slice(end)}`
}

function walk(tree: Node, path: readonly string[]): Node | undefined {
  return path.reduce<Node | undefined>((node, name) => node && properties(node).find((p) => p.name === name)?.value, tree)
}

/** definitionIn is the definition of a workflow or version, broken into lines. */
export function definitionIn(resource: string): string {
  return pretty(part(resource, 'properties', 'definition') ?? '{}')
}

/** withDefinition is the resource with another definition. */
export function withDefinition(resource: string, definition: string): string {
  return replaced(resource, definition, 'properties', 'definition')
}
