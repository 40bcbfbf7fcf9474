import { expect, test } from 'vitest'
import type * as models from '../api/models/network'
import type * as dns from '../api/models/privatedns'
import type { Application, FirewallCollection, PolicyCollection, WireRule } from './collection'
import type { RecordSet, Zone, ZoneLink } from './dns/record'
import {
  attachmentsOf,
  ownersOf,
  rangesOf,
  type Firewall,
  type FirewallPolicy,
  type Interface,
  type IpGroup,
  type NatGateway,
  type Peering,
  type PublicAddress,
  type PublicPrefix,
  type RouteTable,
  type RuleCollectionGroup,
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

type Sources = 'name' | 'description' | 'sourceAddresses' | 'sourceIpGroups'
type Ends = Sources | 'destinationAddresses' | 'destinationPorts'

/** WithoutRules is a resource without the rules in its properties, whose types differ from kind to kind. */
type WithoutRules<T extends { properties: object }, M extends keyof T['properties']> = Omit<T, 'properties'> & { properties: Omit<T['properties'], M> }

// tsc holds what the portal reads of each type to the models that are written from the SDK.
const named: [
  Named<VirtualNetwork, models.VirtualNetwork>,
  Named<SecurityGroup, models.SecurityGroup>,
  Named<RouteTable, models.RouteTable>,
  Named<WithoutRules<Firewall, 'natRuleCollections' | 'networkRuleCollections' | 'applicationRuleCollections'>, models.AzureFirewall>,
  Named<WithoutRules<FirewallCollection, 'rules'>, models.AzureFirewallNetworkRuleCollection>,
  Named<Pick<WireRule, Ends | 'destinationIpGroups' | 'destinationFqdns'>, models.AzureFirewallNetworkRule>,
  Named<Pick<WireRule, Ends | 'translatedAddress' | 'translatedPort'>, models.AzureFirewallNatRule>,
  Named<Pick<WireRule, Sources | 'targetFqdns'>, models.AzureFirewallApplicationRule>,
  Named<Application, models.AzureFirewallApplicationRuleProtocol>,
  Named<FirewallPolicy, models.FirewallPolicy>,
  Named<Omit<RuleCollectionGroup['properties'], 'ruleCollections'>, models.FirewallPolicyRuleCollectionGroupProperties>,
  Named<Omit<PolicyCollection, 'rules'>, models.FirewallPolicyFilterRuleCollection>,
  Named<Pick<WireRule, Ends | 'ruleType' | 'ipProtocols' | 'destinationIpGroups' | 'destinationFqdns'>, models.Rule>,
  Named<Pick<WireRule, Ends | 'ruleType' | 'ipProtocols' | 'translatedAddress' | 'translatedPort'>, models.NatRule>,
  Named<Pick<WireRule, Sources | 'ruleType' | 'targetFqdns'>, models.ApplicationRule>,
  Named<IpGroup, models.IPGroup>,
  Named<Peering, models.VirtualNetworkPeering>,
  Named<PublicPrefix, models.PublicIPPrefix>,
  Named<Zone, dns.PrivateZone>,
  Named<ZoneLink, dns.VirtualNetworkLink>,
  Named<RecordSet, dns.RecordSet>,
  Named<PublicAddress, models.PublicIPAddress>,
  Named<Interface, models.Interface>,
  Named<NatGateway, models.NatGateway>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true]

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
