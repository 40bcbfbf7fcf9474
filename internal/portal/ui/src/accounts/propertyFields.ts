// Forms over artifacts that are JSON: each field is a place in the text.

import type { JSONPath } from 'jsonc-parser'
import { nodeAt, withItem, withJSON, withValue } from '../editor/place'

/** PropertyField is a field of such a form. */
export interface PropertyField {
  label: string
  path: JSONPath
  type: 'text' | 'number'
  choices?: string[]
  hint?: string
  wide?: boolean // has a row of its own
  partner?: boolean // the name of a partner of the account
}

/** PropertyRows are rows of a list of objects, one field for each of members. */
export interface PropertyRows {
  label: string // of one row, as "identity"
  path: JSONPath
  members: { key: string; label: string }[]
  fresh: Record<string, string> // a new row
}

/** withRow is the text with a new row behind the others. */
export function withRow(text: string, { path, fresh }: PropertyRows): string {
  return withItem(text, path, fresh)
}

/** withoutRow is the text without a row. */
export function withoutRow(text: string, path: JSONPath, at: number): string {
  return withJSON(text, [...path, at], undefined)
}

const contents: Record<string, string> = { AS2: 'aS2', X12: 'x12', Edifact: 'edifact' }

/** withAgreementType is an agreement of another type, with the content of that type; an empty one of the old type goes. */
export function withAgreementType(text: string, type: string): string {
  let next = withValue(text, ['agreementType'], type, 'text')
  const member = contents[type]
  if (member === undefined) return next
  for (const old of Object.values(contents)) {
    const node = nodeAt(next, ['content', old])
    if (old !== member && node?.type === 'object' && node.children?.length === 0) next = withJSON(next, ['content', old], undefined)
  }
  return nodeAt(next, ['content', member]) === undefined ? withJSON(next, ['content', member], {}) : next
}
