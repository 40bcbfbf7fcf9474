import { expect, test } from 'vitest'
import { aboutScope, nameOfActor } from './event'

test('who did it is called by the name of the directory', () => {
  const claims = { 'http://schemas.microsoft.com/identity/claims/objectidentifier': 'O-1', name: 'client' }
  expect(nameOfActor('client', claims, [{ id: 'o-1', name: 'Ann' }])).toBe('Ann')
  expect(nameOfActor('client', claims, [])).toBe('client')
  expect(nameOfActor('caller', {}, [{ id: 'o-1', name: 'Ann' }])).toBe('caller')
})

test('the events of a resource, of a group, of a subscription', () => {
  expect(aboutScope('/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w')).toBe(" and resourceUri eq '/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w'")
  expect(aboutScope('/subscriptions/s/resourceGroups/g')).toBe(" and resourceGroupName eq 'g'")
  expect(aboutScope('/subscriptions/s')).toBe('')
})
