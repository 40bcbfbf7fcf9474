import {
  ArrowExitRegular,
  CloudFlowRegular,
  FireRegular,
  GlobeRegular,
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
import { addressType, applicationType, firewallType, groupType, interfaceType, natType, networkType, tableType } from './resources'

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
    { title: 'NAT gateways', path: '/nat-gateways', icon: ArrowExitRegular, words: ['outbound', 'snat'], type: natType, singular: 'NAT gateway' },
    { title: 'Public IP addresses', path: '/public-ip-addresses', icon: GlobeRegular, words: ['outbound', 'egress'], type: addressType, singular: 'Public IP address' },
    {
      title: 'Attached machines',
      path: '/attached-machines',
      icon: PlugConnectedRegular,
      words: ['port', 'network interfaces', 'nic'],
      type: interfaceType,
      singular: 'Attached machine',
    },
  ],
  routes: [...lists(), ...networkRoutes(), ...ruleRoutes(), ...otherRoutes()],
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
    { path: '/nat-gateways', lazy: async () => ({ Component: (await import('./NatGatewayList')).NatGatewayList }) },
    { path: '/nat-gateways/create', lazy: async () => ({ Component: (await import('./CreateNatGateway')).CreateNatGateway }) },
    { path: '/public-ip-addresses', lazy: async () => ({ Component: (await import('./PublicAddressList')).PublicAddressList }) },
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
      children: [{ index: true, lazy: async () => ({ Component: (await import('./MachineOverview')).MachineOverview }) }, ...everyRoute],
    },
  ]
}
