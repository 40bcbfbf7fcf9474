// The parameters of a workflow as a form has them, and as its resource's text: what its
// definition declares, and the values that the resource gives (wdl-semantics §3). What the
// form does not change stays as it is, to the byte.

import type { Node } from 'jsonc-parser'
import { withInline } from '../editor/place'
import { pretty } from '../graph/pretty'
import { parse, properties } from '../graph/read'
import { replaced } from './resourceText'

/** types are those that a parameter can be declared of. */
export const types = ['String', 'SecureString', 'Int', 'Float', 'Bool', 'Array', 'Object', 'SecureObject']

/** Kind is how a value is entered: a text as it is, a number by its digits, one of some, or JSON. */
export type Kind = 'text' | 'number' | 'choice' | 'json'

/** Parameter is one that the definition declares. Its values are texts as they are entered. */
export interface Parameter {
  readonly name: string
  readonly type: string // as it is declared; '' if it is not
  readonly kind: Kind
  readonly secure: boolean // the server keeps the value, and shows it to nobody
  readonly value: string | undefined // undefined: none is given
  readonly reference: string | undefined // JSON that says where the deployment has the value from, in place of a value
  readonly fallback: string | undefined // the default
  readonly allowed: readonly string[]
  readonly description: string
}

const declarations = ['properties', 'definition', 'parameters']
const values = ['properties', 'parameters']

/** parametersOf reads the parameters of a workflow resource, in their order. */
export function parametersOf(resource: string): Parameter[] {
  const tree = parse(resource)
  const given = members(walk(tree, values))
  return members(walk(tree, declarations)).map(({ name, value: declared }) => {
    return { name, ...readOf(resource, declared, given.find((g) => same(g.name, name))?.value) }
  })
}

/** undeclared are the names of values that no parameter is declared for. */
export function undeclared(resource: string): string[] {
  const tree = parse(resource)
  const declared = members(walk(tree, declarations)).map((p) => p.name)
  return members(walk(tree, values)).flatMap(({ name }) => (declared.some((d) => same(d, name)) ? [] : [name]))
}

function readOf(resource: string, declared: Node, given: Node | undefined): Omit<Parameter, 'name'> {
  const type = wordAt(declared, 'type')
  const [value, reference, fallback] = [walk(given, ['value']), walk(given, ['reference']), walk(declared, ['defaultValue'])]
  const allowed = walk(declared, ['allowedValues'])?.children ?? []
  const kind = kindOf(type, [value, fallback, ...allowed].filter((n) => n !== undefined), allowed.length > 0)
  const json = (node: Node | undefined) => node && pretty(resource.slice(node.offset, node.offset + node.length))
  const entered = (node: Node | undefined) => (kind === 'text' ? node && String(node.value) : json(node))
  const choices = allowed.length === 0 && kind === 'choice' ? ['true', 'false'] : allowed.map((n) => entered(n) ?? '')
  return { type, kind, secure: isSecure(type), value: entered(value), reference: json(reference), fallback: entered(fallback), allowed: choices, description: wordAt(declared, 'metadata', 'description') }
}

/** kindOf is JSON for values that are not of their type, so that they can be seen and mended. */
function kindOf(type: string, found: readonly Node[], chosen: boolean): Kind {
  const of = (kind: Kind, ...wanted: string[]): Kind => (found.every((n) => wanted.includes(n.type)) ? kind : 'json')
  switch (type.toLowerCase()) {
    case 'string':
      return of('text', 'string') === 'text' && chosen ? 'choice' : of('text', 'string')
    case 'securestring':
      return of('text', 'string')
    case 'int':
    case 'float':
      return chosen ? 'choice' : of('number', 'number')
    case 'bool':
      return of('choice', 'boolean')
    case 'secureobject':
      return 'json' // a secret is entered, not chosen
  }
  return chosen ? 'choice' : 'json'
}

export function isSecure(type: string): boolean {
  return type.toLowerCase().startsWith('secure')
}

/** written is an entered value as JSON. */
function written(kind: Kind, text: string): string {
  return kind === 'text' ? JSON.stringify(text) : text.trim()
}

/** shown is one of the choices, as it is read. */
export function shown(value: string): string {
  return value.startsWith('"') ? String(parse(value).value) : value
}

/** Inputs are the values that were entered, by name; undefined takes the value away. */
export type Inputs = Readonly<Record<string, string | undefined>>

/** inputOf is the value of a parameter with what was entered. */
export function inputOf({ name, value }: Parameter, inputs: Inputs): string | undefined {
  return Object.hasOwn(inputs, name) ? inputs[name] : value
}

/** keptInputs are those that are still entered as they were: a text in one kind is something else in another. */
export function keptInputs(inputs: Inputs, before: readonly Parameter[], after: readonly Parameter[]): Inputs {
  const still = ({ name, type, kind }: Parameter) => before.some((b) => b.name === name && b.type === type && b.kind === kind)
  const kept = new Set(after.filter(still).map((p) => p.name))
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => kept.has(name)))
}

/** valueProblem is what is wrong with an entered value before the server sees it. What the server has is not the form's to refuse. */
export function valueProblem(p: Parameter, input: string | undefined): string | undefined {
  if (input === undefined) return needsValue(p) ? 'It has no default: give a value.' : undefined
  if (input === p.value) return undefined
  if (p.kind === 'choice') return p.allowed.includes(input) ? undefined : 'Choose one of the allowed values.'
  return malformed(p.kind, p.type, input)
}

/** needsValue tells whether the server refuses a parameter without a value; $connections are none by themselves. */
function needsValue({ name, fallback, reference, secure }: Parameter): boolean {
  return fallback === undefined && reference === undefined && !secure && name !== '$connections'
}

/** malformed says why a text is no value of a type. */
function malformed(kind: Kind, type: string, text: string): string | undefined {
  switch (kind) {
    case 'number':
      if (type.toLowerCase() === 'int') return /^\s*-?(0|[1-9]\d*)\s*$/.test(text) ? undefined : 'Give a whole number.'
      return /^\s*-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?\s*$/.test(text) ? undefined : 'Give a number.'
    case 'json':
      return notJSON(type, text)
  }
  return undefined
}

function notJSON(type: string, text: string): string | undefined {
  try {
    const found = parse(text).type
    if (type.toLowerCase() === 'array' && found !== 'array') return 'Give a JSON array.'
    if (type.toLowerCase().endsWith('object') && found !== 'object' && found !== 'array') return 'Give a JSON object.'
    return undefined
  } catch {
    return 'It is no valid JSON.'
  }
}

/** withValues is the resource with what was entered and can be written. A value that is as before stays as it was written. */
export function withValues(resource: string, inputs: Inputs): string {
  return parametersOf(resource).reduce((text, p) => {
    const input = inputOf(p, inputs)
    const unwritable = input !== undefined && valueProblem(p, input) !== undefined // as it is while somebody types
    return input === p.value || unwritable ? text : withOne(text, p, input)
  }, resource)
}

function withOne(resource: string, { name, kind }: Parameter, input: string | undefined): string {
  const entries = members(walk(parse(resource), values))
  const entry = entries.find((e) => same(e.name, name))
  const path = [...values, entry?.name ?? name]
  if (input !== undefined) return withRaw(resource, [...path, 'value'], written(kind, input))
  const alone = members(entry?.value).length <= 1
  return withInline(resource, alone ? path : [...path, 'value'], undefined)
}

/** withRaw is the text with JSON at a place as it is written: its digits stay. */
function withRaw(resource: string, path: string[], json: string): string {
  const there = walk(parse(resource), path) !== undefined
  return replaced(there ? resource : withInline(resource, path, null), json, ...path)
}

/** Declaration is what a definition says of a parameter, as it is entered. */
export interface Declaration {
  readonly name: string
  readonly type: string
  readonly fallback: string | undefined // undefined: it has no default
  readonly allowed: string // one a line; '': all
  readonly description: string
}

/** enteredKind is how the values of a declaration are entered: its choices are made there. */
export function enteredKind(type: string): Kind {
  return kindOf(type, [], false) === 'choice' ? 'json' : kindOf(type, [], false)
}

/** declarationOf is the declaration of a parameter; without one, what a new one begins with. */
export function declarationOf(p?: Parameter): Declaration {
  if (p === undefined) return { name: '', type: 'String', fallback: undefined, allowed: '', description: '' }
  const plain = (v: string) => (p.kind === 'choice' && enteredKind(p.type) === 'text' ? shown(v) : v)
  const chosen = p.kind === 'choice' && p.type.toLowerCase() === 'bool' && p.allowed.join() === 'true,false' ? [] : p.allowed
  return { name: p.name, type: p.type, fallback: p.fallback === undefined ? undefined : plain(p.fallback), allowed: chosen.map((v) => plain(v).replaceAll(/\s*\n\s*/g, ' ')).join('\n'), description: p.description }
}

/** declarationProblems are what is wrong with a declaration before the server sees it, by field. */
export function declarationProblems(d: Declaration, others: readonly string[]): Partial<Record<keyof Declaration, string>> {
  const kind = enteredKind(d.type)
  const wrong = linesOf(d.allowed).map((l) => malformed(kind, d.type, l)).find((problem) => problem !== undefined)
  const fallback = d.fallback === undefined ? undefined : malformed(kind, d.type, d.fallback)
  return {
    ...(d.name.trim() === '' && { name: 'Give a name.' }),
    ...(others.some((o) => same(o, d.name)) && { name: 'There is a parameter of that name.' }),
    ...(d.type === '' && { type: 'Choose a type.' }),
    ...(fallback !== undefined && { fallback }),
    ...(wrong !== undefined && { allowed: `One a line. ${wrong}` }),
  }
}

/** withDeclaration is the resource with a declaration in place of another one, or a new one. */
export function withDeclaration(resource: string, was: Declaration | undefined, now: Declaration): string {
  const path = [...declarations, now.name]
  const kind = enteredKind(now.type)
  const retyped = was === undefined || was.type !== now.type // then a text is written in another way
  let next = retyped ? withRaw(resource, [...path, 'type'], JSON.stringify(now.type)) : resource
  if (now.fallback !== was?.fallback || (retyped && now.fallback !== undefined)) next = withOrWithout(next, [...path, 'defaultValue'], now.fallback === undefined ? undefined : written(kind, now.fallback))
  if (now.allowed !== (was?.allowed ?? '') || (retyped && now.allowed !== '')) {
    const lines = linesOf(now.allowed).map((l) => written(kind, l))
    next = withOrWithout(next, [...path, 'allowedValues'], lines.length === 0 ? undefined : `[${lines.join(', ')}]`)
  }
  if (now.description === (was?.description ?? '')) return next
  const metadata = members(walk(parse(next), [...path, 'metadata']))
  if (now.description !== '') return withRaw(next, [...path, 'metadata', 'description'], JSON.stringify(now.description))
  return withInline(next, metadata.length <= 1 ? [...path, 'metadata'] : [...path, 'metadata', 'description'], undefined)
}

/** withoutParameter is the resource without a parameter, and without the value that it gives it. */
export function withoutParameter(resource: string, name: string): string {
  const given = members(walk(parse(resource), values)).find((e) => same(e.name, name))
  const next = withInline(resource, [...declarations, name], undefined)
  return given === undefined ? next : withInline(next, [...values, given.name], undefined)
}

function withOrWithout(resource: string, path: string[], json: string | undefined): string {
  return json === undefined ? withInline(resource, path, undefined) : withRaw(resource, path, json)
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((l) => l.trim() !== '')
}

function members(node: Node | undefined) {
  return node?.type === 'object' ? properties(node) : []
}

function wordAt(node: Node, ...path: string[]): string {
  const value: unknown = walk(node, path)?.value
  return typeof value === 'string' ? value : ''
}

function walk(node: Node | undefined, path: readonly string[]): Node | undefined {
  return path.reduce<Node | undefined>((at, name) => members(at).find((p) => p.name === name)?.value, node)
}

/** same compares names as the language does. */
function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
