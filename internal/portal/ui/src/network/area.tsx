import {
  ArrowExitRegular,
  BookGlobeRegular,
  CloudFlowRegular,
  EyeTrackingRegular,
  ShieldSettingsRegular,
  FireRegular,
  GlobeArrowForwardRegular,
  GlobeRegular,
  GroupListRegular,
  HeartPulseRegular,
  MapRegular,
  PlugConnectedRegular,
  ShieldRegular,
  TableRegular,
  TagMultipleRegular,
  VirtualNetworkRegular,
} from '@fluentui/react-icons'
import type { RouteObject } from 'react-router'
import { resourceRoute, type Area } from '../frame/area'
import { everyRoute } from '../frame/everywhere'
import { addressType, applicationType, firewallType, groupType, interfaceType, ipGroupType, natType, networkType, policyType, prefixType, tableType, watcherType, zoneType } from './resources'

/** network has the virtual networks and all that is in them, the map, and the health of environments' networks. */
export const network: Area = {
  title: 'Network',
  services: [
    {
      title: 'Virtual networks',
      path: '/virtual-networks',
      icon: VirtualNetworkRegular,
      words: ['vnet', 'subnets', 'address space'],
      type: networkType,
      singular: 'Virtual network',
    },
    { title: 'Network map', path: '/network-map', icon: MapRegular, words: ['path', 'trace', 'topology', 'netcheck', 'verdict'], inNavigation: true },
    { title: 'Network health', path: '/network-health', icon: HeartPulseRegular, words: ['ports', 'required access', 'netcheck'], inNavigation: true },
    {
      title: 'Network security groups',
      path: '/network-security-groups',
      icon: ShieldRegular,
      words: ['nsg', 'rules'],
      type: groupType,
      singular: 'Network security group',
    },
    {
      title: 'Application security groups',
      path: '/application-security-groups',
      icon: TagMultipleRegular,
      words: ['asg', 'rules'],
      type: applicationType,
      singular: 'Application security group',
    },
    { title: 'Route tables', path: '/route-tables', icon: TableRegular, words: ['routes', 'udr', 'next hop'], type: tableType, singular: 'Route table' },
    { title: 'Firewalls', path: '/firewalls', icon: FireRegular, words: ['network rules', 'azure firewall'], type: firewallType, singular: 'Firewall' },
    {
      title: 'Firewall policies',
      path: '/firewall-policies',
      icon: ShieldSettingsRegular,
      words: ['rule collection groups', 'dnat', 'application rules'],
      type: policyType,
      singular: 'Firewall policy',
    },
    { title: 'IP groups', path: '/ip-groups', icon: GroupListRegular, words: ['addresses', 'firewall'], type: ipGroupType, singular: 'IP group' },
    { title: 'NAT gateways', path: '/nat-gateways', icon: ArrowExitRegular, words: ['outbound', 'snat'], type: natType, singular: 'NAT gateway' },
    { title: 'Public IP addresses', path: '/public-ip-addresses', icon: GlobeRegular, words: ['outbound', 'egress'], type: addressType, singular: 'Public IP address' },
    { title: 'Public IP prefixes', path: '/public-ip-prefixes', icon: GlobeArrowForwardRegular, words: ['outbound', 'range'], type: prefixType, singular: 'Public IP prefix' },
    { title: 'Private DNS zones', path: '/private-dns-zones', icon: BookGlobeRegular, words: ['names', 'record sets', 'resolver'], type: zoneType, singular: 'Private DNS zone' },
    {
      title: 'Network watchers',
      path: '/network-watchers',
      icon: EyeTrackingRegular,
      words: ['topology', 'next hop', 'flow logs', 'packet capture', 'troubleshoot', 'effective rules'],
      type: watcherType,
      singular: 'Network watcher',
    },
    {
      title: 'Attached machines',
      path: '/attached-machines',
      icon: PlugConnectedRegular,
      words: ['port', 'network interfaces', 'nic'],
      type: interfaceType,
      singular: 'Attached machine',
    },
  ],
  routes: [...lists(), ...networkRoutes(), ...ruleRoutes(), ...policyRoutes(), ...zoneRoutes(), ...watcherRoutes(), ...otherRoutes()],
}

export const networkIcons = {
  network: VirtualNetworkRegular,
  group: ShieldRegular,
  table: TableRegular,
  firewall: FireRegular,
  address: GlobeRegular,
  machine: PlugConnectedRegular,
  internet: CloudFlowRegular,
}

function lists(): RouteObject[] {
  return [
    { path: '/virtual-networks', lazy: async () => ({ Component: (await import('./VirtualNetworkList')).VirtualNetworkList }) },
    { path: '/virtual-networks/create', lazy: async () => ({ Component: (await import('./CreateNetwork')).CreateNetwork }) },
    { path: '/network-security-groups', lazy: async () => ({ Component: (await import('./SecurityGroupList')).SecurityGroupList }) },
    { path: '/application-security-groups', lazy: async () => ({ Component: (await import('./ApplicationGroupList')).ApplicationGroupList }) },
    { path: '/route-tables', lazy: async () => ({ Component: (await import('./RouteTableList')).RouteTableList }) },
    { path: '/firewalls', lazy: async () => ({ Component: (await import('./FirewallList')).FirewallList }) },
    { path: '/firewalls/create', lazy: async () => ({ Component: (await import('./CreateFirewall')).CreateFirewall }) },
    { path: '/firewall-policies', lazy: async () => ({ Component: (await import('./policies/PolicyList')).PolicyList }) },
    { path: '/ip-groups', lazy: async () => ({ Component: (await import('./policies/IpGroupList')).IpGroupList }) },
    { path: '/nat-gateways', lazy: async () => ({ Component: (await import('./NatGatewayList')).NatGatewayList }) },
    { path: '/nat-gateways/create', lazy: async () => ({ Component: (await import('./CreateNatGateway')).CreateNatGateway }) },
    { path: '/public-ip-addresses', lazy: async () => ({ Component: (await import('./PublicAddressList')).PublicAddressList }) },
    { path: '/public-ip-prefixes', lazy: async () => ({ Component: (await import('./PublicPrefixList')).PublicPrefixList }) },
    { path: '/private-dns-zones', lazy: async () => ({ Component: (await import('./dns/ZoneList')).ZoneList }) },
    { path: '/network-watchers', lazy: async () => ({ Component: (await import('./watcher/WatcherList')).WatcherList }) },
    { path: '/attached-machines', lazy: async () => ({ Component: (await import('./MachineList')).MachineList }) },
    { path: '/network-map', lazy: async () => ({ Component: (await import('./map/MapPage')).MapPage }) },
    { path: '/network-health', lazy: async () => ({ Component: (await import('./HealthPage')).HealthPage }) },
  ]
}

function networkRoutes(): RouteObject[] {
  return [
    {
      path: resourceRoute(networkType),
      lazy: async () => ({ Component: (await import('./VirtualNetworkPage')).VirtualNetworkPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./NetworkOverview')).NetworkOverview }) },
        { path: 'subnets/:subnet?', lazy: async () => ({ Component: (await import('./SubnetsPane')).SubnetsPane }) },
        { path: 'peerings', lazy: async () => ({ Component: (await import('./peerings/PeeringsPane')).PeeringsPane }) },
        { path: 'virtualNetworkPeerings/:peering', lazy: async () => ({ Component: (await import('./peerings/PeeringsPane')).PeeringsPane }) },
        { path: 'attached-machines', lazy: async () => ({ Component: (await import('./MachinesPane')).MachinesPane }) },
        ...everyRoute,
      ],
    },
  ]
}

function ruleRoutes(): RouteObject[] {
  return [
    {
      path: resourceRoute(groupType),
      lazy: async () => ({ Component: (await import('./SecurityGroupPage')).SecurityGroupPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./RulesPane')).RulesPane }) },
        { path: 'securityRules/:rule', lazy: async () => ({ Component: (await import('./RulesPane')).RulesPane }) },
        { path: 'subnets', lazy: async () => ({ Component: (await import('./Associations')).GroupSubnets }) },
        ...everyRoute,
      ],
    },
    {
      path: resourceRoute(applicationType),
      lazy: async () => ({ Component: (await import('./ApplicationGroupPage')).ApplicationGroupPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./ApplicationGroupMembers')).ApplicationGroupMembers }) },
        { path: 'security-rules', lazy: async () => ({ Component: (await import('./ApplicationGroupRules')).ApplicationGroupRules }) },
        ...everyRoute,
      ],
    },
    {
      path: resourceRoute(tableType),
      lazy: async () => ({ Component: (await import('./RouteTablePage')).RouteTablePage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./RoutesPane')).RoutesPane }) },
        { path: 'routes/:route', lazy: async () => ({ Component: (await import('./RoutesPane')).RoutesPane }) },
        { path: 'subnets', lazy: async () => ({ Component: (await import('./Associations')).TableSubnets }) },
        ...everyRoute,
      ],
    },
  ]
}

function policyRoutes(): RouteObject[] {
  return [
    {
      path: resourceRoute(policyType),
      lazy: async () => ({ Component: (await import('./policies/PolicyPage')).PolicyPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./policies/PolicyOverview')).PolicyOverview }) },
        { path: 'rule-collection-groups', lazy: async () => ({ Component: (await import('./policies/RuleGroupsPane')).RuleGroupsPane }) },
        { path: 'ruleCollectionGroups/:ruleGroup', lazy: async () => ({ Component: (await import('./policies/RuleGroupsPane')).RuleGroupsPane }) },
        { path: 'dns', lazy: async () => ({ Component: (await import('./policies/PolicyDns')).PolicyDns }) },
        ...everyRoute,
      ],
    },
    {
      path: resourceRoute(ipGroupType),
      lazy: async () => ({ Component: (await import('./policies/IpGroupPage')).IpGroupPage }),
      children: [{ index: true, lazy: async () => ({ Component: (await import('./policies/IpGroupPage')).IpGroupOverview }) }, ...everyRoute],
    },
  ]
}

function zoneRoutes(): RouteObject[] {
  return [
    {
      path: resourceRoute(zoneType),
      lazy: async () => ({ Component: (await import('./dns/ZonePage')).ZonePage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./dns/RecordsPane')).RecordsPane }) },
        { path: 'virtual-network-links', lazy: async () => ({ Component: (await import('./dns/LinksPane')).LinksPane }) },
        ...everyRoute,
      ],
    },
    {
      path: resourceRoute(prefixType),
      lazy: async () => ({ Component: (await import('./PublicPrefixPage')).PublicPrefixPage }),
      children: [{ index: true, lazy: async () => ({ Component: (await import('./PublicPrefixPage')).PublicPrefixOverview }) }, ...everyRoute],
    },
  ]
}

function watcherRoutes(): RouteObject[] {
  return [
    {
      path: resourceRoute(watcherType),
      lazy: async () => ({ Component: (await import('./watcher/WatcherPage')).WatcherPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./watcher/TopologyPane')).TopologyPane }) },
        { path: 'ip-flow-verify', lazy: async () => ({ Component: (await import('./watcher/FlowVerifyPane')).FlowVerifyPane }) },
        { path: 'next-hop', lazy: async () => ({ Component: (await import('./watcher/NextHopPane')).NextHopPane }) },
        { path: 'connection-troubleshoot', lazy: async () => ({ Component: (await import('./watcher/ConnectionPane')).ConnectionPane }) },
        { path: 'effective-rules', lazy: async () => ({ Component: (await import('./watcher/EffectivePane')).EffectivePane }) },
        { path: 'flow-logs', lazy: async () => ({ Component: (await import('./watcher/FlowLogsPane')).FlowLogsPane }) },
        { path: 'packet-captures', lazy: async () => ({ Component: (await import('./watcher/CapturesPane')).CapturesPane }) },
        ...everyRoute,
      ],
    },
  ]
}

function otherRoutes(): RouteObject[] {
  return [
    {
      path: resourceRoute(firewallType),
      lazy: async () => ({ Component: (await import('./FirewallPage')).FirewallPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./FirewallOverview')).FirewallOverview }) },
        { path: 'rules', lazy: async () => ({ Component: (await import('./CollectionsPane')).CollectionsPane }) },
        ...everyRoute,
      ],
    },
    {
      path: resourceRoute(natType),
      lazy: async () => ({ Component: (await import('./NatGatewayPage')).NatGatewayPage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./NatGatewayOverview')).NatGatewayOverview }) },
        { path: 'subnets', lazy: async () => ({ Component: (await import('./Associations')).GatewaySubnets }) },
        ...everyRoute,
      ],
    },
    {
      path: resourceRoute(addressType),
      lazy: async () => ({ Component: (await import('./PublicAddressPage')).PublicAddressPage }),
      children: [{ index: true, lazy: async () => ({ Component: (await import('./PublicAddressOverview')).PublicAddressOverview }) }, ...everyRoute],
    },
    {
      path: resourceRoute(interfaceType),
      lazy: async () => ({ Component: (await import('./MachinePage')).MachinePage }),
      children: [
        { index: true, lazy: async () => ({ Component: (await import('./MachineOverview')).MachineOverview }) },
        { path: 'effective-rules', lazy: async () => ({ Component: (await import('./watcher/EffectivePane')).InterfaceRulesPane }) },
        ...everyRoute,
      ],
    },
  ]
}
