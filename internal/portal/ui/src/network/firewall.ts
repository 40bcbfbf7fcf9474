import type { Firewall, Subnet, VirtualNetwork } from './resources'

/** privateAddress is the address that routes lead to a firewall by; '' if it is in no subnet. */
export function privateAddress(firewall: Firewall): string {
  return firewall.properties.ipConfigurations.find((c) => c.properties.privateIPAddress)?.properties.privateIPAddress ?? ''
}

/** firewallSubnetName is that of the one subnet of a network that a firewall can be in. */
export const firewallSubnetName = 'AzureFirewallSubnet'

/** firewallSubnetIn is that subnet of a network. */
export function firewallSubnetIn(network: VirtualNetwork): Subnet | undefined {
  return network.properties.subnets.find((s) => s.name.toLowerCase() === firewallSubnetName.toLowerCase())
}

/** firewallSubnet is the ID of a firewall's subnet. */
export function firewallSubnet(firewall: Firewall): string {
  return firewall.properties.ipConfigurations.find((c) => c.properties.subnet)?.properties.subnet?.id ?? ''
}
