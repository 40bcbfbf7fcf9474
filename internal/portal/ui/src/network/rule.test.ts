import { expect, test } from 'vitest'
import { addressesProblem, draftOf, newRule, nextPriority, portsProblem, ruleField, ruleProblems, rulePropertiesOf, type RuleDraft } from './rule'

const tags = new Set(['internet', 'virtualnetwork', 'sql'])
const good: RuleDraft = { ...newRule('Inbound', []), name: 'Calls' }

test('a new rule has no problem but its name', () => {
  expect(Object.keys(ruleProblems(newRule('Inbound', []), [], tags))).toEqual(['name'])
  expect(ruleProblems(good, [], tags)).toEqual({})
})

test.each([
  ['name', { name: '-x' }],
  ['name', { name: 'TAKEN' }],
  ['priority', { priority: '99' }],
  ['priority', { priority: '4097' }],
  ['priority', { priority: '1.5' }],
  ['priority', { priority: '200' }],
  ['description', { description: 'x'.repeat(141) }],
  ['source', { source: '' }],
  ['source', { source: '10.0.0.1/24' }],
  ['destination', { destination: 'Nowhere' }],
  ['sourcePorts', { sourcePorts: '1-70000' }],
  ['destinationPorts', { destinationPorts: '90-80' }],
])('%s is told: %o', (field, change) => {
  const others = [{ name: 'Taken', priority: 200, direction: 'Inbound' }]
  expect(Object.keys(ruleProblems({ ...good, ...change }, others, tags))).toEqual([field])
})

test('the same priority in the other direction is free', () => {
  expect(ruleProblems({ ...good, priority: '200' }, [{ name: 'Other', priority: 200, direction: 'Outbound' }], tags)).toEqual({})
})

test('tags and * stand alone, addresses in lists', () => {
  expect(addressesProblem('sql', tags)).toBe('')
  expect(addressesProblem('10.0.0.4, 10.1.0.0/16', tags)).toBe('')
  expect(addressesProblem('SQL, 10.0.0.4', tags)).toContain('stands alone')
  expect(addressesProblem('*, 10.0.0.4', tags)).toContain('stands alone')
  expect(portsProblem('80, 8000-8099')).toBe('')
  expect(portsProblem('*, 80')).toContain('stands alone')
  expect(portsProblem('636 389')).not.toBe('')
})

test('a new priority is behind the others, and free at the end', () => {
  const at = (...priorities: number[]) => priorities.map((priority) => ({ name: `${priority}`, priority, direction: 'Inbound' }))
  expect(nextPriority('Inbound', [])).toBe(100)
  expect(nextPriority('Inbound', at(100, 305))).toBe(320)
  expect(nextPriority('Outbound', at(100))).toBe(100)
  expect(nextPriority('Inbound', at(4096))).toBe(4095)
})

test('what was read is written again', () => {
  const read = {
    protocol: '*',
    access: 'Deny',
    direction: 'Outbound',
    priority: 200,
    sourceAddressPrefixes: ['10.0.0.0/24', '10.0.1.4'],
    sourcePortRange: '*',
    destinationAddressPrefix: 'SQL',
    destinationPortRanges: ['1433', '11000-11999'],
  }
  expect(rulePropertiesOf(draftOf('x', read))).toEqual(read)
})

test('a side of application security groups is kept', () => {
  const web = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/web'
  const read = {
    protocol: 'Tcp',
    access: 'Allow',
    direction: 'Inbound',
    priority: 100,
    sourceApplicationSecurityGroups: [{ id: web }, { id: `${web}2` }],
    sourcePortRange: '*',
    destinationApplicationSecurityGroups: [{ id: `${web}3` }],
    destinationPortRange: '443',
  }
  const draft = draftOf('x', read)
  expect(ruleProblems(draft, [], tags)).toEqual({})
  expect(rulePropertiesOf(draft)).toEqual(read)
  expect(addressesProblem(Array(11).fill(web).join(), tags)).toContain('at most 10')
  expect(ruleField('properties.sourceApplicationSecurityGroups[1]')).toBe('source')
})

test("the server's problems find their field", () => {
  expect(ruleField('properties.destinationPortRanges[1]')).toBe('destinationPorts')
  expect(ruleField('properties.sourceAddressPrefix')).toBe('source')
  expect(ruleField('properties.priority')).toBe('priority')
  expect(ruleField('properties')).toBeUndefined()
})
