// What may stand in an expression of a definition: functions, and the names that some of
// them take.

import type { Complete, Completion } from '../editor/completion'
import { type Definition, member, type Step, steps, text as textOf } from '../graph/definition'
import { read, type Reading } from '../graph/read'

/** ExpressionFunction is a function of expressions, as language.json has it. */
export interface ExpressionFunction {
  readonly name: string
  readonly signature: string
  readonly category: string
  readonly summary: string
  readonly arguments: boolean
}

/** completer completes expressions. Where a definition cannot be read just now, names are those of before. */
export function completer(functions: readonly ExpressionFunction[]): Complete {
  let names: Names = { actions: [], loops: [], variables: [], parameters: [] }
  return (text, offset) => {
    const inside = expressionBefore(text, offset)
    if (inside === undefined) return []
    const named = /(\w+)\(\s*'([^']*)$/.exec(inside)
    if (!named) return functionsAt(functions, inside, offset)
    names = namesIn(text) ?? names
    const [, name = '', typed = ''] = named
    const [list, what] = listOf(names, name.toLowerCase())
    return list.map((n) => ({ label: n, insert: literal(n), from: offset - typed.length, detail: what, help: '', kind: 'name' }))
  }
}

/** expressionBefore is what stands before an offset in a string that holds an expression; undefined elsewhere. */
export function expressionBefore(text: string, offset: number): string | undefined {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)
  let start = -1
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '\\' && start >= 0) i++
    else if (line[i] === '"') start = start < 0 ? i : -1
  }
  if (start < 0) return undefined
  const inside = line.slice(start + 1)
  const at = inside.startsWith('@') && !inside.startsWith('@@') ? 0 : inside.lastIndexOf('@{')
  if (at < 0 || (at > 0 && closed(inside.slice(at)))) return undefined
  return inside.slice(at)
}

function closed(part: string): boolean {
  return part.replaceAll(/'[^']*'/g, '').includes('}')
}

function functionsAt(functions: readonly ExpressionFunction[], inside: string, offset: number): Completion[] {
  const quotes = inside.split("'").length - 1
  const word = /(?:^|[^\w.'\]])(\w*)$/.exec(inside)?.[1]
  if (quotes % 2 === 1 || word === undefined) return []
  return functions.map((f) => ({
    label: f.name,
    insert: f.arguments ? `${f.name}($0)` : `${f.name}()`,
    from: offset - word.length,
    detail: f.signature,
    help: f.summary,
    kind: 'function',
  }))
}

/** literal escapes a name for an editor's snippet, and for an expression's string. */
function literal(name: string): string {
  return name.replaceAll("'", "''").replaceAll(/[\\$}]/g, '\\$&')
}

/** Names are what functions of a definition can name. */
interface Names {
  readonly actions: readonly string[]
  readonly loops: readonly string[]
  readonly variables: readonly string[]
  readonly parameters: readonly string[]
}

function listOf(names: Names, name: string): [readonly string[], string] {
  if (['body', 'outputs', 'actions', 'actionbody', 'actionoutputs', 'result', 'formdatavalue', 'formdatamultivalues', 'multipartbody'].includes(name))
    return [names.actions, 'action']
  if (name === 'variables') return [names.variables, 'variable']
  if (name === 'parameters') return [names.parameters, 'parameter']
  if (name === 'items' || name === 'iterationindexes') return [names.loops, 'loop']
  return [[], '']
}

function namesIn(text: string): Names | undefined {
  let reading: Reading
  try {
    reading = read(text)
  } catch {
    return undefined
  }
  const all = actionsIn(reading.definition)
  return {
    actions: all.map((s) => s.name),
    loops: all.filter((s) => ['foreach', 'until'].includes(textOf(s, 'type').toLowerCase())).map((s) => s.name),
    variables: all.filter((s) => textOf(s, 'type').toLowerCase() === 'initializevariable').flatMap(variablesOf),
    parameters: Object.keys(valueOf(reading.definition, 'parameters') ?? {}),
  }
}

function actionsIn(owner: Definition | Step): Step[] {
  const found = steps(owner, 'actions').flatMap((s) => [s, ...actionsIn(s)])
  for (const name of ['else', 'default']) {
    const branch = member(owner, name)
    if (branch?.kind === 'branch') found.push(...actionsIn(branch as Definition))
  }
  const cases = member(owner, 'cases')
  if (cases?.kind === 'cases') found.push(...cases.list.flatMap(actionsIn))
  return found
}

function variablesOf(s: Step): string[] {
  const inputs = valueOf(s, 'inputs') as { variables?: { name?: unknown }[] } | undefined
  return (Array.isArray(inputs?.variables) ? inputs.variables : []).flatMap((v) => (typeof v.name === 'string' ? [v.name] : []))
}

function valueOf(owner: Definition | Step, name: string): Record<string, unknown> | undefined {
  const value = member(owner, name)
  if (value?.kind !== 'text') return undefined
  try {
    const parsed: unknown = JSON.parse(value.text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
