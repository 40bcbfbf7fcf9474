import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useClient } from '../api/context'
import { useSubscription } from '../api/subscription'
import type { Attachment } from './attachment'
import { attachTagName, parseAttachments } from './attachment'
import type { FirewallCollection, PolicyCollection } from './collection'
import type { RuleProperties } from './rule'

// The resources of Microsoft.Network, as far as the portal reads them.

export const networkType = 'Microsoft.Network/virtualNetworks'
export const groupType = 'Microsoft.Network/networkSecurityGroups'
export const tableType = 'Microsoft.Network/routeTables'
export const firewallType = 'Microsoft.Network/azureFirewalls'
export const addressType = 'Microsoft.Network/publicIPAddresses'
export const interfaceType = 'Microsoft.Network/networkInterfaces'
export const natType = 'Microsoft.Network/natGateways'
export const applicationType = 'Microsoft.Network/applicationSecurityGroups'
export const policyType = 'Microsoft.Network/firewallPolicies'
export const ipGroupType = 'Microsoft.Network/ipGroups'
export const prefixType = 'Microsoft.Network/publicIPPrefixes'
export const zoneType = 'Microsoft.Network/privateDnsZones'
export const watcherType = 'Microsoft.Network/networkWatchers'
export const environmentType = 'Microsoft.Logic/integrationServiceEnvironments'

export interface Reference {
  id: string
}

interface Top {
  id: string
  name: string
  location: string
  etag?: string
  tags?: Record<string, string>
}

export interface Subnet {
  id: string
  name: string
  etag?: string
  properties: {
    addressPrefix?: string
    addressPrefixes?: string[]
    delegations?: { name: string; properties: { serviceName: string } }[]
    networkSecurityGroup?: Reference
    routeTable?: Reference
    natGateway?: Reference
    ipConfigurations?: Reference[]
    serviceAssociationLinks?: { properties: { link: string } }[]
    resourceNavigationLinks?: { properties: { link: string } }[]
  }
}

export interface VirtualNetwork extends Top {
  properties: {
    addressSpace: { addressPrefixes: string[] }
    dhcpOptions?: { dnsServers?: string[] }
    subnets: Subnet[]
    provisioningState: string
  }
}

export interface Rule {
  id: string
  name: string
  etag?: string
  properties: RuleProperties
}

export interface SecurityGroup extends Top {
  properties: { securityRules: Rule[]; defaultSecurityRules: Rule[]; subnets?: Reference[]; networkInterfaces?: Reference[] }
}

export interface Route {
  id: string
  name: string
  etag?: string
  properties: { addressPrefix: string; nextHopType: string; nextHopIpAddress?: string }
}

export interface RouteTable extends Top {
  properties: { routes: Route[]; subnets?: Reference[]; disableBgpRoutePropagation?: boolean }
}

export interface Firewall extends Top {
  zones?: string[]
  properties: {
    sku?: { tier?: string }
    threatIntelMode?: string
    ipConfigurations: { name: string; properties: { privateIPAddress?: string; subnet?: Reference; publicIPAddress?: Reference } }[]
    firewallPolicy?: Reference
    natRuleCollections?: FirewallCollection[]
    networkRuleCollections: FirewallCollection[]
    applicationRuleCollections?: FirewallCollection[]
  }
}

/** FirewallPolicy is what firewalls have in common; its rules are in groups of their own. */
export interface FirewallPolicy extends Top {
  properties: {
    sku?: { tier?: string }
    threatIntelMode?: string
    threatIntelWhitelist?: { ipAddresses?: string[]; fqdns?: string[] }
    snat?: { privateRanges?: string[] }
    basePolicy?: Reference
    childPolicies?: Reference[]
    firewalls?: Reference[]
    ruleCollectionGroups?: Reference[]
    dnsSettings?: { servers?: string[]; enableProxy?: boolean; requireProxyForNetworkRules?: boolean }
  }
}

export interface RuleCollectionGroup {
  id: string
  name: string
  etag?: string
  properties: { priority: number; ruleCollections: PolicyCollection[] }
}

export interface IpGroup extends Top {
  properties: { ipAddresses: string[]; firewalls?: Reference[]; firewallPolicies?: Reference[] }
}

/** Peering is a network's side of a peering. */
export interface Peering {
  id: string
  name: string
  etag?: string
  properties: {
    peeringState?: string
    peeringSyncLevel?: string
    remoteVirtualNetwork: Reference
    remoteAddressSpace?: { addressPrefixes?: string[] }
    allowVirtualNetworkAccess?: boolean
    allowForwardedTraffic?: boolean
    allowGatewayTransit?: boolean
    useRemoteGateways?: boolean
  }
}

/** PublicPrefix is a range of public addresses. */
export interface PublicPrefix extends Top {
  sku?: { name: string }
  properties: { ipPrefix?: string; prefixLength: number; publicIPAddressVersion: string; publicIPAddresses?: Reference[]; natGateway?: Reference }
}

export interface PublicAddress extends Top {
  sku?: { name: string }
  properties: { ipAddress?: string; publicIPAllocationMethod: string; publicIPAddressVersion: string; ipConfiguration?: Reference; natGateway?: Reference }
}

export interface NatGateway extends Top {
  sku?: { name: string }
  properties: { publicIpAddresses?: Reference[]; idleTimeoutInMinutes?: number; subnets?: Reference[] }
}

export type ApplicationGroup = Top

export interface Interface extends Top {
  properties: {
    ipConfigurations: { name: string; properties: { privateIPAddress: string; privateIPAllocationMethod: string; subnet: Reference; applicationSecurityGroups?: Reference[] } }[]
    networkSecurityGroup?: Reference
  }
}

export interface Environment extends Top {
  properties: {
    state?: string
    provisioningState?: string
    networkConfiguration: { accessEndpoint: { type: string }; subnets: Reference[] }
    networkHealth?: { state: string; since?: string }
    endpointsConfiguration?: { workflow?: { accessEndpointIpAddresses?: { address: string }[] } }
  }
}

/** atLocation are the resources that one in a location can refer to: those of the same location. */
export function atLocation<T extends { location: string }>(all: T[] | undefined, location: string): T[] {
  const plain = (text: string) => text.replaceAll(' ', '').toLowerCase()
  return (all ?? []).filter((r) => plain(r.location) === plain(location))
}

/** rangesOf are a subnet's ranges, given in the singular or the plural member. */
export function rangesOf(subnet: Subnet): string[] {
  const { addressPrefix, addressPrefixes } = subnet.properties
  return addressPrefixes ?? (addressPrefix === undefined ? [] : [addressPrefix])
}

/** ownersOf are the IDs of what is in a subnet: environments by their links, all else by its IP configurations. */
export function ownersOf(subnet: Subnet): string[] {
  const { serviceAssociationLinks = [], resourceNavigationLinks = [], ipConfigurations = [] } = subnet.properties
  const owners = [...serviceAssociationLinks, ...resourceNavigationLinks].map((l) => l.properties.link)
  for (const { id } of ipConfigurations) owners.push(id.split('/').slice(0, -2).join('/'))
  return [...new Set(owners)]
}

/** attachmentsOf are the real addresses that an interface stands for. */
export function attachmentsOf(nic: Interface): Attachment[] {
  return parseAttachments(nic.tags?.[attachTagName(nic.tags)] ?? '')
}

interface ServiceTags {
  values: { name: string }[]
}

const noTags: ReadonlySet<string> = new Set()

/** useServiceTags are the names of the known service tags, as they are written, and in lower case for comparing. */
export function useServiceTags(location: string): { names: string[]; known: ReadonlySet<string> } {
  const client = useClient()
  const subscription = useSubscription()
  const tags = useQuery({
    queryKey: ['service tags', subscription, location.toLowerCase()],
    queryFn: async () =>
      (await client.get<ServiceTags>(`/subscriptions/${subscription}/providers/Microsoft.Network/locations/${encodeURIComponent(location)}/serviceTags`)).body.values.map(
        (t) => t.name,
      ),
    enabled: subscription !== '' && location !== '',
    staleTime: Infinity,
  })
  return useMemo(() => (tags.data === undefined ? { names: [], known: noTags } : { names: tags.data, known: new Set(tags.data.map((t) => t.toLowerCase())) }), [tags.data])
}
