import { expect, test } from 'vitest'
import type { WorkflowText } from './definition'
import { current, edit, enter, isChanged } from './parameterDraft'
import { withoutParameter } from './parameters'

const textOf = (value: number, etag: string): WorkflowText => ({
  resource: `{"properties":{"definition":{"parameters":{"a":{"type":"Int"},"b":{"type":"Int"}}},"parameters":{"a":{"value":${value}},"b":{"value":2}}}}`,
  definition: '',
  etag,
})
const [first, second] = [textOf(1, 'e1'), textOf(5, 'e2')]

test('a draft in which nothing was changed follows what the server has', () => {
  const draft = current(undefined, first)
  expect([draft.saved, draft.resource, isChanged(draft)]).toEqual([first, first.resource, false])
  expect(current(draft, second).saved).toBe(second)
  expect(current(enter(draft, 'a', '1'), second).saved).toBe(second) // the value that it had
})

test('a draft that was changed stays, and is saved over what it began with', () => {
  const draft = enter(current(undefined, first), 'a', '3')
  expect(isChanged(draft)).toBe(true)
  expect(current(draft, second)).toBe(draft)
  expect(current(draft, second).saved.etag).toBe('e1')
})

test('a value that cannot be saved yet is a change too, and breaks nothing that is entered after it', () => {
  const draft = enter(current(undefined, first), 'a', '-')
  expect([isChanged(draft), current(draft, second)]).toEqual([true, draft])
  expect(isChanged(enter(draft, 'b', '7'))).toBe(true)
})

test('another text takes away what was entered for what is gone', () => {
  const draft = enter(enter(current(undefined, first), 'a', '3'), 'b', '7')
  expect(edit(draft, withoutParameter(draft.resource, 'a')).inputs).toEqual({ b: '7' })
})
