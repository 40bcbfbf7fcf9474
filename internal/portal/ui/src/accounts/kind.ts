import type { Language } from '../editor/problem'
import type { PropertyField, PropertyRows } from './propertyFields'

/** ApiProperties are an artifact's properties as the API has them; each kind has its own. */
export type ApiProperties = Record<string, unknown>

/** Artifact is an artifact of any kind. */
export interface Artifact {
  id: string
  name: string
  properties: ApiProperties & {
    createdTime?: string
    changedTime?: string
    contentLink?: { uri: string; contentSize?: number }
  }
}

/** FieldSpec is a field of a kind's form beside name and content. */
export interface FieldSpec {
  key: string // the member of the properties
  label: string
  required?: boolean
  choices?: string[]
  usual?: string
  placeholder?: string
}

/** Draft is an artifact as the form has it. Bytes are in base64. */
export interface Draft {
  name: string
  fields: Record<string, string>
  content: string
}

/** Form is what of the properties has fields; the rest is edited as JSON. */
export interface Form {
  fields: PropertyField[]
  rows?: PropertyRows
}

/**
 * Kind is a kind of artifact. Its content is a text that is kept apart, bytes that are
 * uploaded, or the properties themselves as JSON.
 */
export interface Kind {
  segment: string // of its type
  title: string
  noun: string
  text: string // what it is for
  content: 'text' | 'bytes' | 'properties'
  contentMember?: string // of the properties, where it is not "content"
  extension: (p: ApiProperties) => string // of a file with its content
  accept: string // of the file chooser
  language: (p: ApiProperties) => Language
  fields: FieldSpec[]
  columns: { title: string; member: string }[] // of the list, beside name and time
  form?: Form // of content that is the properties
  usual?: string // content to begin with
  toProperties: (d: Draft) => ApiProperties
}

/** newDraft is what a form begins with. */
export function newDraft(kind: Kind): Draft {
  return { name: '', fields: Object.fromEntries(kind.fields.map((f) => [f.key, f.usual ?? ''])), content: kind.usual ?? '' }
}

/** draftOf is an artifact in the form; its content comes apart. */
export function draftOf(kind: Kind, artifact: Artifact, content: string): Draft {
  const text = (member: string) => {
    const value = artifact.properties[member]
    return typeof value === 'string' ? value : ''
  }
  return { name: artifact.name, fields: Object.fromEntries(kind.fields.map((f) => [f.key, text(f.key)])), content }
}

/** shownProperties are the properties without what only the server writes, as the form shows them. */
export function shownProperties(artifact: Artifact): string {
  const { createdTime: _c, changedTime: _d, contentLink: _l, ...rest } = artifact.properties
  return JSON.stringify(rest, null, 2)
}

/** nameProblem says what is wrong with an artifact's or account's name; "" if nothing is. */
export function nameProblem(name: string): string {
  if (name === '') return 'Give a name.'
  if (name.length > 80) return 'A name has at most 80 characters.'
  return /^[\w.()-]+$/.test(name) ? '' : 'A name has only letters, digits, hyphens, underscores, parentheses and periods.'
}

/** draftProblems are what is wrong with a draft before the server sees it, by field; "content" and "name" are fields, too. */
export function draftProblems(kind: Kind, d: Draft): Record<string, string> {
  const found: Record<string, string> = {}
  const add = (field: string, problem: string) => {
    if (problem !== '') found[field] = problem
  }
  add('name', nameProblem(d.name))
  for (const f of kind.fields) if (f.required && d.fields[f.key] === '') add(f.key, `Give ${f.label.toLowerCase()}.`)
  if (d.content.trim() === '') add('content', kind.content === 'bytes' ? 'Choose a file.' : 'Give the content, or choose a file.')
  else if (kind.content === 'properties') add('content', jsonProblem(d.content))
  return found
}

function jsonProblem(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? '' : 'This must be a JSON object: the properties of the artifact.'
  } catch (error) {
    return `This is no JSON: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** artifactField is the field of a kind's form that an error's target is about: what lies within JSON properties is about the content. */
export function artifactField(kind: Kind, target: string): string | undefined {
  if (target === 'name') return 'name'
  const member = /^properties\.(\w+)/.exec(target)?.[1]
  if (member === undefined) return undefined
  if (kind.content === 'properties' || member === (kind.contentMember ?? 'content') || member === 'contentLink') return 'content'
  return kind.fields.some((f) => f.key === member) ? member : undefined
}
