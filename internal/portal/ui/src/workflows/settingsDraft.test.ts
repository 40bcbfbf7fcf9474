import { expect, test } from 'vitest'
import { current, differences, isChanged, isStale, rebased, type Saved } from './settingsDraft'
import { withSettings } from './settings'
import type { Workflow } from './workflow'

/** savedAs is a workflow whose runs last some days, and may be called from one address. */
function savedAs(etag: string, days: number, address: string): Saved {
  const properties = { definition: { triggers: {} }, runtimeConfiguration: { lifetime: { unit: 'day', count: days } }, accessControl: { triggers: { allowedCallerIpAddresses: [{ addressRange: address }] } } }
  const workflow = { id: '/w', name: 'w', location: 'local', properties } as unknown as Workflow
  return { text: { resource: JSON.stringify(workflow), definition: '', etag }, workflow }
}

const first = savedAs('1', 10, '10.0.0.0/24')
const typed = () => {
  const draft = current(undefined, first)
  return { ...draft, now: { ...draft.now, days: '20' } }
}

test('a draft in which nothing was changed follows the server', () => {
  const draft = current(current(undefined, first), savedAs('2', 30, '10.0.0.0/24'))
  expect(draft.now.days).toBe('30')
  expect(isChanged(draft)).toBe(false)
})

test('a draft that was changed stays when somebody else saves, and tells what they changed', () => {
  const second = savedAs('2', 30, '10.9.0.0/24')
  const draft = current(typed(), second)
  expect(draft.now.days).toBe('20')
  expect(isStale(draft, second)).toBe(true)
  expect(differences(draft, second)).toEqual([
    { field: 'days', before: '10', saved: '30', mine: '20' },
    { field: 'triggers', before: '10.0.0.0/24', saved: '10.9.0.0/24', mine: '10.0.0.0/24' },
  ])
})

test('what is saved over another version changes only what was changed here', () => {
  const second = savedAs('2', 10, '10.9.0.0/24')
  const draft = rebased(typed(), second)
  expect(isStale(draft, second)).toBe(false)
  const text = withSettings(draft.saved.text.resource, draft.saved.workflow, draft.now)
  expect(JSON.parse(text)).toMatchObject({
    properties: { runtimeConfiguration: { lifetime: { count: 20 } }, accessControl: { triggers: { allowedCallerIpAddresses: [{ addressRange: '10.9.0.0/24' }] } } },
  })
})

test('somebody else’s version with the same settings asks for no decision about any', () => {
  const second = savedAs('2', 10, '10.0.0.0/24')
  expect(differences(typed(), second)).toEqual([])
  expect(rebased(typed(), second).now).toEqual(typed().now)
})
