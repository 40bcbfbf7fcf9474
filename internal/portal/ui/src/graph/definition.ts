// A workflow definition as a graph that keeps everything: each object of it has its
// members in the order in which they were written, and what the graph does not know is
// kept as text. Values never change; who edits one makes another that shares the rest.

/** Definition is the whole document, or what stands at its top level. */
export interface Definition {
  readonly members: readonly Member[]
}

/** Member is one member of an object, under the name as it was written. */
export interface Member {
  readonly name: string
  readonly value: Value
}

/** Value is what a member holds. */
export type Value = Text | Steps | Cases | Branch | RunAfter

/** Text is JSON that is no part of the graph, as it was written. */
export interface Text {
  readonly kind: 'text'
  readonly text: string
}

/** Steps are triggers or actions by name: the value of `triggers` and `actions`. */
export interface Steps {
  readonly kind: 'steps'
  readonly list: readonly Step[]
}

/** Step is one trigger or action, or one of several branches: a case, a tool. */
export interface Step {
  readonly name: string
  readonly members: readonly Member[]
}

/** Cases are branches by name: the value of `cases`, and of `tools` of an agent. */
export interface Cases {
  readonly kind: 'cases'
  readonly list: readonly Step[]
}

/** Branch is a branch without a name: the value of `else` and `default`. */
export interface Branch {
  readonly kind: 'branch'
  readonly members: readonly Member[]
}

/** RunAfter is what must have ended, and how, before an action begins. */
export interface RunAfter {
  readonly kind: 'runAfter'
  readonly entries: readonly Predecessor[]
}

/** Predecessor is one entry of runAfter; an empty list of statuses means Succeeded. */
export interface Predecessor {
  readonly name: string
  readonly statuses: readonly string[]
}

/** member finds a member by its name, whose letter case does not count. */
export function member(owner: { readonly members: readonly Member[] }, name: string): Value | undefined {
  const wanted = name.toLowerCase()
  return owner.members.find((m) => m.name.toLowerCase() === wanted)?.value
}

/** text is what a member says if it is a plain string, else "". */
export function text(owner: { readonly members: readonly Member[] }, name: string): string {
  const value = member(owner, name)
  if (value?.kind !== 'text' || !value.text.startsWith('"')) return ''
  try {
    return String(JSON.parse(value.text))
  } catch {
    return ''
  }
}

/** steps are the triggers or actions under a name; none if there are none. */
export function steps(owner: { readonly members: readonly Member[] }, name: string): readonly Step[] {
  const value = member(owner, name)
  return value?.kind === 'steps' ? value.list : []
}
