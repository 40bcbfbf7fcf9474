import { expect, test } from 'vitest'
import { listOf, noTally, outcomeOf, progressOf, sum } from './bulk'

test.each([
  ['/subscriptions/s/providers/Microsoft.Logic/runs', '/subscriptions/s/providers/Microsoft.Logic/workflows', ''],
  ['/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/runs', '/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows', ''],
  [
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/integrationServiceEnvironments/e/runs',
    '/subscriptions/s/providers/Microsoft.Logic/workflows',
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/integrationServiceEnvironments/e',
  ],
])('the runs at %s are of the workflows at %s', (runs, list, environment) => {
  expect(listOf(runs)).toEqual({ list, environment })
})

test('what became of the runs of several workflows is told as one', () => {
  const tally = sum({ ...noTally, done: 2, skipped: 1 }, { ...noTally, done: 1, failed: 1, failures: [{ run: 'r', code: 'c', message: 'm' }] })
  expect(progressOf('cancel', tally, 1, 3)).toBe('3 runs cancelled; logic app 2 of 3')
  expect(progressOf('resubmit', tally, 0, 1)).toBe('3 runs resubmitted')
  expect(outcomeOf('cancel', tally)).toBe('3 runs were cancelled, 1 had ended or had nothing to do, 1 failed.')
  expect(outcomeOf('resubmit', noTally)).toBe('No run was resubmitted.')
  expect(tally.failures).toHaveLength(1)
})
