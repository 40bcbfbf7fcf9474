import { expect, test } from 'vitest'
import type * as models from '../api/models/network'
import {
  attachmentsOf,
  ownersOf,
  rangesOf,
  type Firewall,
  type Interface,
  type NatGateway,
  type PublicAddress,
  type RouteTable,
  type SecurityGroup,
  type Subnet,
  type VirtualNetwork,
} from './resources'

/** Named is true if a model of the API has every member that a type names, however deep. */
type Named<T, M> = T extends readonly (infer E)[]
  ? M extends readonly (infer F)[]
    ? Named<E, F>
    : false
  : T extends object
    ? { [K in keyof T]-?: K extends keyof M ? Named<NonNullable<T[K]>, NonNullable<M[K]>> : false }[keyof T] extends true
      ? true
      : false
    : true

// tsc holds what the portal reads of each type to the models that are written from the SDK.
const named: [
  Named<VirtualNetwork, models.VirtualNetwork>,
  Named<SecurityGroup, models.SecurityGroup>,
  Named<RouteTable, models.RouteTable>,
  Named<Firewall, models.AzureFirewall>,
  Named<PublicAddress, models.PublicIPAddress>,
  Named<Interface, models.Interface>,
  Named<NatGateway, models.NatGateway>,
] = [true, true, true, true, true, true, true]

test('what is read of the network is what the API has', () => expect(named).not.toContain(false))

const id = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/db'

test('a subnet has the ranges of either member, and is used by what its links and addresses are of', () => {
  const subnet: Subnet = {
    id: '',
    name: 'a',
    properties: {
      addressPrefixes: ['10.0.0.0/27', '10.0.1.0/27'],
      serviceAssociationLinks: [{ properties: { link: '/ise' } }],
      resourceNavigationLinks: [{ properties: { link: '/ise' } }],
      ipConfigurations: [{ id: `${id}/ipConfigurations/ip` }],
    },
  }
  expect(rangesOf(subnet)).toEqual(['10.0.0.0/27', '10.0.1.0/27'])
  expect(ownersOf(subnet)).toEqual(['/ise', id])
})

test('the tag of attachments ignores letter case', () => {
  const nic: Interface = { id, name: 'db', location: 'local', tags: { 'ISLE-attach': '22=127.0.0.1:2222' }, properties: { ipConfigurations: [] } }
  expect(attachmentsOf(nic)).toEqual([{ port: 22, real: '127.0.0.1:2222' }])
})
