import { expect, test } from 'vitest'
import { groupsOf, isMember, membership, rulesNaming } from './application'
import type { Interface, SecurityGroup } from './resources'

const group = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/web'
const other = `${group}2`

const nic: Interface = {
  id: '/nic',
  name: 'nic',
  location: 'local',
  tags: { 'isle-attach': '127.0.0.1' },
  properties: {
    ipConfigurations: [{ name: 'ip', properties: { privateIPAddress: '10.0.0.4', privateIPAllocationMethod: 'Static', subnet: { id: '/subnet' }, applicationSecurityGroups: [{ id: other }] } }],
    networkSecurityGroup: { id: '/nsg' },
  },
}

test('a member is added once and taken out again, and all else of the interface stays', () => {
  const joined = { ...nic, ...membership(nic, group, true) } as Interface
  expect(groupsOf(joined)).toEqual([other, group])
  expect(isMember(joined, group.toUpperCase())).toBe(true)
  expect(groupsOf({ ...joined, ...membership(joined, group.toUpperCase(), true) } as Interface)).toHaveLength(2)
  expect({ ...joined, ...membership(joined, group, false) }).toEqual(nic)
})

test('rules name a group at either side', () => {
  const rule = (name: string, more: object) => ({ id: name, name, properties: { protocol: '*', access: 'Allow', direction: 'Inbound', priority: 100, ...more } })
  const all: SecurityGroup = {
    id: '/nsg',
    name: 'nsg',
    location: 'local',
    properties: {
      securityRules: [rule('from', { sourceApplicationSecurityGroups: [{ id: group }] }), rule('to', { destinationApplicationSecurityGroups: [{ id: group.toUpperCase() }] }), rule('neither', {})],
      defaultSecurityRules: [],
    },
  }
  expect(rulesNaming([all], group).map((r) => r.name)).toEqual(['from', 'to'])
})
