// Forms over artifacts that are JSON: each field is a place in the text, which is changed
// there and nowhere else.

import { applyEdits, findNodeAtLocation, modify, parseTree, type JSONPath, type Node } from 'jsonc-parser'

/** PropertyField is a field of such a form. */
export interface PropertyField {
  label: string
  path: JSONPath
  type: 'text' | 'number'
  choices?: string[]
  hint?: string
  partner?: boolean // the name of a partner of the account
}

/** PropertyRows are rows of a list of objects, one field for each of members. */
export interface PropertyRows {
  label: string // of one row, as "identity"
  path: JSONPath
  members: { key: string; label: string }[]
  fresh: Record<string, string> // a new row
}

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
export function withValue(text: string, path: JSONPath, value: string, type: PropertyField['type']): string {
  const number = Number(value)
  const written = value === '' ? undefined : type === 'number' && !Number.isNaN(number) ? number : value
  return applyEdits(text, modify(text, path, written, formatting))
}

/** withText is the text with another text at a place, which may be empty. */
export function withText(text: string, path: JSONPath, value: string): string {
  return applyEdits(text, modify(text, path, value, formatting))
}

/** countAt is how many rows a list has. */
export function countAt(text: string, path: JSONPath): number {
  const node = nodeAt(text, path)
  return node?.type === 'array' ? (node.children?.length ?? 0) : 0
}

/** withRow is the text with a new row behind the others. */
export function withRow(text: string, { path, fresh }: PropertyRows): string {
  const count = countAt(text, path)
  const edits = nodeAt(text, path)?.type === 'array' ? modify(text, [...path, count], fresh, { ...formatting, isArrayInsertion: true }) : modify(text, path, [fresh], formatting)
  return applyEdits(text, edits)
}

/** withoutRow is the text without a row. */
export function withoutRow(text: string, path: JSONPath, at: number): string {
  return applyEdits(text, modify(text, [...path, at], undefined, formatting))
}

const contents: Record<string, string> = { AS2: 'aS2', X12: 'x12', Edifact: 'edifact' }

/** withAgreementType is an agreement of another type, with the content of that type; an empty one of the old type goes. */
export function withAgreementType(text: string, type: string): string {
  let next = withValue(text, ['agreementType'], type, 'text')
  const member = contents[type]
  if (member === undefined) return next
  for (const old of Object.values(contents)) {
    const node = nodeAt(next, ['content', old])
    if (old !== member && node?.type === 'object' && node.children?.length === 0) next = applyEdits(next, modify(next, ['content', old], undefined, formatting))
  }
  return nodeAt(next, ['content', member]) === undefined ? applyEdits(next, modify(next, ['content', member], {}, formatting)) : next
}

function nodeAt(text: string, path: JSONPath): Node | undefined {
  const tree = parseTree(text)
  return tree && findNodeAtLocation(tree, path)
}
