import { expect, test } from 'vitest'
import type { FirewallPolicy } from '../resources'
import { entriesProblem, policyDraft, policyField, propertiesOf } from './policy'

const base = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/firewallPolicies/base'

const policy: FirewallPolicy = {
  id: '/p',
  name: 'p',
  location: 'local',
  properties: {
    sku: { tier: 'Premium' },
    threatIntelMode: 'Deny',
    threatIntelWhitelist: { ipAddresses: ['10.0.0.4', '10.0.0.8-10.0.0.9'], fqdns: ['a.example'] },
    snat: { privateRanges: ['10.0.0.0/8'] },
    basePolicy: { id: base },
    dnsSettings: { enableProxy: true },
  },
}

test('a form that changes nothing gives back what was read', () => {
  expect(propertiesOf(policy.properties, policyDraft(policy))).toEqual(policy.properties)
})

test('what is emptied is gone, and what the form does not know stays', () => {
  const emptied = propertiesOf(policy.properties, { base: '', mode: 'Off', addresses: ' ', names: '', ranges: ',' })
  expect(emptied).toEqual({ sku: { tier: 'Premium' }, threatIntelMode: 'Off', dnsSettings: { enableProxy: true } })
})

test('problems of the server find their field', () => {
  expect(['properties.basePolicy', 'properties.threatIntelMode', 'properties.threatIntelWhitelist.ipAddresses[1]', 'properties.threatIntelWhitelist.fqdns[0]', 'properties.snat.privateRanges', 'name'].map(policyField)).toEqual([
    'base',
    'mode',
    'addresses',
    'names',
    'ranges',
    undefined,
  ])
})

test.each([
  ['10.0.0.4', ''],
  ['10.0.0.0/24', ''],
  ['10.0.0.4-10.0.0.9', ''],
  ['fd00::/8', ''],
  ['ten', '“ten”'],
  ['10.0.0.4-', '“10.0.0.4-”'],
])('the entry %s has the problem “%s”', (entry, problem) => {
  expect(entriesProblem([entry])).toContain(problem)
  expect(entriesProblem([entry]) === '').toBe(problem === '')
})
