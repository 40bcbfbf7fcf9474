// The settings of a workflow while they are being edited, and what somebody else saves meanwhile.

import type { WorkflowText } from './definition'
import { settingsOf, type Settings } from './settings'
import { accessParts, type Workflow } from './workflow'

/** Saved is a workflow as the server has it: as text, and read. */
export interface Saved {
  readonly text: WorkflowText
  readonly workflow: Workflow
}

/** SettingsDraft has what it began with, which it is saved over, and what is in the form. */
export interface SettingsDraft {
  readonly saved: Saved
  readonly now: Settings
}

/** current is the draft to go on with: one in which nothing was changed follows what the server has. */
export function current(draft: SettingsDraft | undefined, saved: Saved): SettingsDraft {
  return draft !== undefined && isChanged(draft) ? draft : { saved, now: read(saved) }
}

/** isChanged tells whether something would be lost with a draft. */
export function isChanged({ saved, now }: SettingsDraft): boolean {
  return fieldsOf(read(saved)).some(([name, value]) => value !== valueOf(now, name))
}

/** Difference is a setting that somebody else has saved otherwise since the draft began. */
export interface Difference {
  readonly field: FieldName
  readonly before: string
  readonly saved: string
  readonly mine: string // as the draft has it; the one before, if nobody has touched it here
}

/** FieldName is a setting: a member of Settings, or of its access. */
export type FieldName = Exclude<keyof Settings, 'access'> | keyof Settings['access']

/** differences are what somebody else has saved otherwise, in the form's order. */
export function differences(draft: SettingsDraft, saved: Saved): Difference[] {
  const [before, after] = [read(draft.saved), read(saved)]
  return fieldsOf(before)
    .filter(([name, value]) => value !== valueOf(after, name))
    .map(([field, value]) => ({ field, before: value, saved: valueOf(after, field), mine: valueOf(draft.now, field) }))
}

/** isStale tells whether the draft would be saved over something that it did not begin with. */
export function isStale(draft: SettingsDraft, saved: Saved): boolean {
  return draft.saved.text.etag !== saved.text.etag
}

/** rebased is the draft over what is saved now: what was changed in it stays, all else is as saved. */
export function rebased(draft: SettingsDraft, saved: Saved): SettingsDraft {
  const before = read(draft.saved)
  let now = read(saved)
  for (const [name, value] of fieldsOf(before)) {
    const mine = valueOf(draft.now, name)
    if (mine !== value) now = withField(now, name, mine)
  }
  return { saved, now }
}

function read({ text, workflow }: Saved): Settings {
  return settingsOf(text.resource, workflow)
}

const plain = ['account', 'days', 'runs', 'waiting'] as const

function fieldsOf(s: Settings): [FieldName, string][] {
  return [...plain, ...accessParts].map((name) => [name, valueOf(s, name)])
}

function valueOf(s: Settings, name: FieldName): string {
  return isAccess(name) ? s.access[name] : s[name]
}

function withField(s: Settings, name: FieldName, value: string): Settings {
  return isAccess(name) ? { ...s, access: { ...s.access, [name]: value } } : { ...s, [name]: value }
}

function isAccess(name: FieldName): name is keyof Settings['access'] {
  return (accessParts as readonly string[]).includes(name)
}
