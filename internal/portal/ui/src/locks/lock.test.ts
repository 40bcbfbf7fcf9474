import { expect, test } from 'vitest'
import { lockedScope, lockNameProblem, lockPlace, locksPath, scopesAbove } from './lock'

const group = '/subscriptions/s/resourceGroups/g'
const network = `${group}/providers/Microsoft.Network/virtualNetworks/v`
const lockAt = (scope: string) => `${locksPath(scope)}/l`

test('locks of the subscription, the group and the parents hold below them', () => {
  expect(scopesAbove(`${network}/subnets/a`)).toEqual([network, group, '/subscriptions/s'])
  expect(scopesAbove(network)).toEqual([group, '/subscriptions/s'])
  expect(scopesAbove(group)).toEqual(['/subscriptions/s'])
  expect(scopesAbove('/subscriptions/s')).toEqual([])
})

test('a lock is told by where it is, seen from a resource', () => {
  expect(lockedScope(lockAt(network))).toBe(network)
  expect(lockPlace(lockAt(network), network.toUpperCase())).toBe('Here')
  expect(lockPlace(lockAt(group), network)).toBe('g (inherited)')
  expect(lockPlace(lockAt('/subscriptions/s'), network)).toBe('The subscription (inherited)')
  expect(lockPlace(lockAt(network), group)).toBe('v (in it)')
})

test('names of locks', () => {
  expect(lockNameProblem('keep-it', ['other'])).toBe('')
  for (const wrong of ['', 'a b', 'a.', 'KEEP']) expect(lockNameProblem(wrong, ['keep']), wrong).not.toBe('')
})
