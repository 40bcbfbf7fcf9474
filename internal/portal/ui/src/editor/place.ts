// Values at places of a JSON text, which is changed there and nowhere else.

import { applyEdits, findNodeAtLocation, modify, parseTree, type JSONPath, type Node } from 'jsonc-parser'

const formatting = { formattingOptions: { insertSpaces: true, tabSize: 2 } }

/** isObject tells whether a text is JSON that fields can be in. */
export function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** valueAt is what stands at a place, '' for nothing. */
export function valueAt(text: string, path: JSONPath): string {
  const node = nodeAt(text, path)
  return node === undefined || !['string', 'number', 'boolean'].includes(node.type) ? '' : String(node.value)
}

/** withValue is the text with another value at a place; '' takes it out. */
export function withValue(text: string, path: JSONPath, value: string, type: 'text' | 'number'): string {
  const number = Number(value)
  const written = value === '' ? undefined : type === 'number' && !Number.isNaN(number) ? number : value
  return withJSON(text, path, written)
}

/** withJSON is the text with any value at a place, such as an object; undefined takes it out. */
export function withJSON(text: string, path: JSONPath, value: unknown): string {
  return applyEdits(text, modify(text, path, value, formatting))
}

/** withInline is withJSON for a text that nobody reads: on one line, and nothing around it is laid out anew. */
export function withInline(text: string, path: JSONPath, value: unknown): string {
  return applyEdits(text, modify(text, path, value, {}))
}

/** withItem is the text with one more item in a list, which is made if it is not there. */
export function withItem(text: string, path: JSONPath, item: unknown): string {
  if (nodeAt(text, path)?.type !== 'array') return withJSON(text, path, [item])
  return applyEdits(text, modify(text, [...path, countAt(text, path)], item, { ...formatting, isArrayInsertion: true }))
}

/** countAt is how many items a list has. */
export function countAt(text: string, path: JSONPath): number {
  const node = nodeAt(text, path)
  return node?.type === 'array' ? (node.children?.length ?? 0) : 0
}

/** withText is the text with another text at a place, which may be empty. */
export function withText(text: string, path: JSONPath, value: string): string {
  return applyEdits(text, modify(text, path, value, formatting))
}

/** nodeAt is what stands at a place, with where it is. */
export function nodeAt(text: string, path: JSONPath): Node | undefined {
  const tree = parseTree(text)
  return tree && findNodeAtLocation(tree, path)
}
