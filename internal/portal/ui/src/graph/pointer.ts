// JSON pointers (RFC 6901) into a text: the server says by them where a problem is, and
// the graph by them which part of the text a node is.

import { findNodeAtOffset, type Node } from 'jsonc-parser'
import { properties } from './read'

/** child is the pointer of a member or element. */
export function child(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** segments are the names on the way to what a pointer points at. */
export function segments(pointer: string): string[] {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Place is a part of a text, in UTF-16 units. */
export interface Place {
  readonly offset: number
  readonly length: number
}

/**
 * find gives the place that a pointer points at, or of the nearest part around it that is
 * there. Of a member it is the name, unless the whole is asked for.
 */
export function find(tree: Node, pointer: string, whole = false): Place {
  let node = tree
  let place: Place = { offset: tree.offset, length: 1 }
  for (const name of segments(pointer)) {
    if (node.type === 'array') {
      const element = node.children?.[Number(name)]
      if (!element) break
      node = element
      place = whole || element.type !== 'object' ? element : { offset: element.offset, length: 1 }
      continue
    }
    const wanted = name.toLowerCase()
    const all = properties(node)
    const found = all.find((p) => p.name === name) ?? all.find((p) => p.name.toLowerCase() === wanted)
    if (!found) break
    node = found.value
    place = whole ? { offset: found.key.offset, length: found.value.offset + found.value.length - found.key.offset } : found.key
  }
  return { offset: place.offset, length: place.length }
}

/** at is the pointer of the innermost part of a text that an offset lies in. */
export function at(tree: Node, offset: number): string {
  const path: string[] = []
  for (let node = findNodeAtOffset(tree, offset, true); node?.parent; node = node.parent) {
    if (node.parent.type === 'property') {
      const key = node.parent.children?.[0]
      if (key) path.unshift(String(key.value))
      node = node.parent
    } else if (node.parent.type === 'array') {
      path.unshift(String(node.parent.children?.indexOf(node) ?? 0))
    } else if (node.type === 'property') {
      const key = node.children?.[0]
      if (key) path.unshift(String(key.value))
    }
  }
  return path.reduce(child, '')
}
