import { expect, test } from 'vitest'
import { bodyOf, choiceOf, incomplete, sameChoice } from './identity'

const user = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u'

test('an identity is a choice and back', () => {
  expect(choiceOf(undefined)).toEqual({ type: 'None', users: [] })
  expect(bodyOf(choiceOf({ type: 'SystemAssigned', principalId: 'p' }))).toEqual({ type: 'SystemAssigned' })
  const assigned = choiceOf({ type: 'UserAssigned', userAssignedIdentities: { [user]: { clientId: 'c' } } })
  expect(bodyOf(assigned)).toEqual({ type: 'UserAssigned', userAssignedIdentities: { [user]: {} } })
  expect(bodyOf({ ...assigned, type: 'None' })).toEqual({ type: 'None' })
})

test('what a choice lacks, and whether it is another one', () => {
  expect(incomplete({ type: 'UserAssigned', users: [] })).not.toBe('')
  expect(incomplete({ type: 'SystemAssigned', users: [] })).toBe('')
  expect(sameChoice({ type: 'UserAssigned', users: [user] }, { type: 'UserAssigned', users: [user.toUpperCase()] })).toBe(true)
  expect(sameChoice({ type: 'None', users: [] }, { type: 'SystemAssigned', users: [] })).toBe(false)
})
