import { expect, test } from 'vitest'
import { again } from './runs'

test('a list of runs is read again while a run that began just now is open, or the search is behind', () => {
  const now = Date.parse('2026-01-01T00:10:00Z')
  const page = (status: string, startTime: string, runsBehind = 0) => ({ value: [{ properties: { status, startTime } }], indexing: { runsBehind } })
  expect(again(undefined, false, now)).toBe(false)
  expect(again(page('Running', '2026-01-01T00:09:58Z'), false, now)).toBe(2_000)
  expect(again(page('Succeeded', '2026-01-01T00:09:58Z'), false, now)).toBe(false)
  expect(again(page('Waiting', '2026-01-01T00:00:00Z'), false, now)).toBe(false) // it may wait for days
  expect(again(page('Waiting', '2026-01-01T00:00:00Z'), true, now)).toBe(2_000)
  expect(again(page('Succeeded', '2026-01-01T00:00:00Z', 3), true, now)).toBe(1_000)
})
