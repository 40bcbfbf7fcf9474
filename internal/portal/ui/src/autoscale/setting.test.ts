import { expect, test } from 'vitest'
import { durationOf, minutesOf, newProfile, newRule, profileProblems, ruleText, whenText, withProfile, type Profile, type Weekly } from './setting'

test('durations are minutes', () => {
  expect(['PT5M', 'PT1H30M', 'P1DT1M', 'PT2H'].map(minutesOf)).toEqual([5, 90, 1441, 120])
  for (const other of ['', 'P', 'PT', 'PT30S', 'P1M', '5']) expect(minutesOf(other), other).toSatisfy((n: number) => Number.isNaN(n))
  expect(minutesOf(durationOf(90))).toBe(90)
})

test('a condition tells when it is in force', () => {
  const always = newProfile('Default', 1)
  expect(whenText(always)).toBe('Whenever no other condition is in force')
  const recurrence: Weekly = { frequency: 'Week', schedule: { timeZone: 'UTC', days: ['Monday', 'Friday'], hours: [8], minutes: [5] } }
  expect(whenText({ ...always, recurrence })).toBe('Monday, Friday from 08:05 UTC')
  expect(whenText({ ...always, fixedDate: { start: '2030-01-01T00:00', end: '2030-01-02T00:00' } })).toBe('From 2030-01-01 00:00 to 2030-01-02 00:00 UTC')
})

test('a rule tells what it does', () => {
  expect(ruleText(newRule('IntegrationServiceEnvironmentWorkflowProcessorUsage'))).toBe('Add 1 unit when workflow processor usage > 70 (average of 10 min), then wait 5 min')
  const down = newRule('M')
  down.scaleAction = { ...down.scaleAction, direction: 'Decrease', type: 'PercentChangeCount', value: '50' }
  expect(ruleText(down)).toContain('Remove 50 % when')
})

test('what is wrong with a condition', () => {
  const good: Profile = { ...newProfile('a', 2), rules: [newRule('M')] }
  expect(profileProblems(good, ['b'])).toEqual({})
  const bad = (change: Partial<Profile>) => Object.keys(profileProblems({ ...good, ...change }, ['b']))
  expect(bad({ name: ' ' })).toEqual(['name'])
  expect(bad({ name: 'b' })).toEqual(['name'])
  expect(bad({ capacity: { minimum: '3', default: '2', maximum: '10' } })).toEqual(['capacity'])
  expect(bad({ capacity: { minimum: '0', default: '2', maximum: '11' } })).toEqual(['capacity'])
  expect(bad({ fixedDate: { start: '2030-01-02', end: '2030-01-01' } })).toEqual(['when'])
  expect(bad({ recurrence: { frequency: 'Week', schedule: { days: [], hours: [0], minutes: [0] } } })).toEqual(['when'])
  expect(bad({ rules: [newRule('M'), newRule('')] })).toEqual(['rule1'])
})

test('a condition takes its place, or comes last', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((n) => newProfile(n, 0)) as [Profile, Profile, Profile]
  expect(withProfile([a, b], c, 0)).toEqual([c, b])
  expect(withProfile([a, b], c, -1)).toEqual([a, b, c])
})
