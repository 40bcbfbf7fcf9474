import { expect, test } from 'vitest'
import {
  collectionDraft,
  collectionOf,
  collectionProblems,
  hasProblems,
  inOrder,
  newCollection,
  ofFirewall,
  ofPolicy,
  toFirewall,
  toPolicy,
  type CollectionDraft,
  type PolicyCollection,
  type RuleDraft,
} from './collection'

const ends = { sourceAddresses: ['*'], destinationAddresses: ['10.0.0.4'], destinationPorts: ['22'] }
const group = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/ipGroups/office'

const ofPolicies: PolicyCollection[] = [
  {
    ruleCollectionType: 'FirewallPolicyNatRuleCollection',
    name: 'In',
    priority: 100,
    action: { type: 'DNAT' },
    rules: [{ name: 'ssh', ruleType: 'NatRule', ipProtocols: ['TCP'], ...ends, translatedAddress: '10.0.0.9', translatedPort: '2222' }],
  },
  {
    ruleCollectionType: 'FirewallPolicyFilterRuleCollection',
    name: 'Out',
    priority: 200,
    action: { type: 'Deny' },
    rules: [{ name: 'sftp', description: 'kept', ruleType: 'NetworkRule', ipProtocols: ['TCP', 'UDP'], ...ends, sourceIpGroups: [group], destinationIpGroups: [group], destinationFqdns: ['a.example'] }],
  },
  {
    ruleCollectionType: 'FirewallPolicyFilterRuleCollection',
    name: 'Web',
    priority: 300,
    action: { type: 'Allow' },
    rules: [{ name: 'all', ruleType: 'ApplicationRule', protocols: [{ protocolType: 'Https', port: 8443 }, { protocolType: 'Mssql', port: 1433 }], sourceAddresses: ['*'], targetFqdns: ['*.example.com'] }],
  },
]

test('a form that changes nothing gives back what was read, of a policy', () => {
  for (const c of ofPolicies) expect(toPolicy(collectionOf(collectionDraft(ofPolicy(c))))).toEqual(c)
})

test('a form that changes nothing gives back what was read, of a firewall', () => {
  const lists = {
    natRuleCollections: [{ name: 'In', properties: { priority: 100, action: { type: 'Dnat' }, rules: [{ name: 'r', protocols: ['TCP'], ...ends, translatedAddress: '10.0.0.9', translatedPort: '22' }] } }],
    networkRuleCollections: [{ name: 'Out', properties: { priority: 200, action: { type: 'Allow' }, rules: [{ name: 'r', description: 'kept', protocols: ['TCP'], ...ends }] } }],
    applicationRuleCollections: [{ name: 'Web', properties: { priority: 200, action: { type: 'Allow' }, rules: [{ name: 'r', protocols: [{ protocolType: 'Http', port: 80 }], sourceAddresses: ['*'], targetFqdns: ['*'] }] } }],
  }
  expect(toFirewall(ofFirewall(lists).map((c) => collectionOf(collectionDraft(c))))).toEqual(lists)
})

test('a collection of a firewall is one of a policy too', () => {
  for (const c of ofPolicies) {
    const [moved] = ofFirewall(toFirewall([ofPolicy(c)]))
    expect(moved && toPolicy(moved)).toEqual(c)
  }
})

test('collections are asked by kind, then by priority', () => {
  const [nat, network, web] = ofPolicies.map(ofPolicy)
  if (!nat || !network || !web) throw new Error('three are given')
  expect(inOrder([web, network, { ...network, name: 'First', priority: 150 }, nat]).map((c) => c.name)).toEqual(['In', 'First', 'Out', 'Web'])
})

function problemsOf(draft: CollectionDraft): [number, string][] {
  return collectionProblems(draft, [], new Set()).rules.flatMap((r, i) => Object.keys(r).map((field): [number, string] => [i, field]))
}

test('problems are told where they are', () => {
  const there = ofPolicies.map(ofPolicy)
  const draft = collectionDraft(there[1] ?? there[0]!)
  expect(hasProblems(collectionProblems(draft, [], new Set()))).toBe(false)
  const twin = collectionProblems(draft, there, new Set())
  expect([twin.name, twin.priority].every((p) => p !== '')).toBe(true)
  expect(collectionProblems({ ...draft, kind: 'Application', name: 'Other', rules: [] }, there, new Set()).priority).toBe('') // of another kind is no conflict
  expect(problemsOf(newCollection(there))).toEqual(['name', 'sources', 'destinations', 'ports'].map((f) => [0, f]))
  expect(problemsOf(newCollection(there, 'Application'))).toEqual(['name', 'sources', 'targets'].map((f) => [0, f]))
  expect(problemsOf(newCollection(there, 'NAT'))).toEqual(['name', 'sources', 'destinations', 'ports', 'toAddress', 'toPort'].map((f) => [0, f]))
})

test.each<[CollectionDraft['kind'], Partial<RuleDraft>, string[]]>([
  ['Application', { applications: 'ftp:21' }, ['applications']],
  ['Application', { applications: 'https' }, []],
  ['Application', { targets: 'https://a' }, ['targets']],
  ['Network', { destinations: '', destinationGroups: [group] }, []],
  ['Network', { destinations: '', fqdns: 'a.example' }, []],
  ['Network', { sources: '', sourceGroups: [group] }, []],
  ['Network', { protocols: [] }, ['protocols']],
  ['NAT', { ports: '*' }, ['ports']],
  ['NAT', { toAddress: '10.0.0.0/24' }, ['toAddress']],
  ['NAT', { toPort: '22-23' }, ['toPort']],
])('a %s rule with %o', (kind, change, fields) => {
  const good = { name: 'r', sources: '*', destinations: '10.0.0.4', ports: '22', targets: '*', toAddress: '10.0.0.9', toPort: '22' }
  const draft = newCollection([], kind)
  expect(problemsOf({ ...draft, rules: draft.rules.map((r) => ({ ...r, ...good, ...change })) })).toEqual(fields.map((f) => [0, f]))
})

test('the usual port is that of the protocol', () => {
  const draft = newCollection([], 'Application')
  const [rule] = collectionOf({ ...draft, rules: draft.rules.map((r) => ({ ...r, applications: 'HTTP, mssql, https:8443' })) }).rules
  expect(rule?.protocols).toEqual([{ protocolType: 'Http', port: 80 }, { protocolType: 'Mssql', port: 1433 }, { protocolType: 'Https', port: 8443 }])
})
