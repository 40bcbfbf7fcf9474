// What a network watcher is asked about: network interfaces, and environments.

import { nameOf } from '../../api/id'
import { useAll } from '../../api/subscription'
import { formatAddress, parseRange } from '../address'
import { privateOf } from '../machine'
import { environmentType, interfaceType, networkType, rangesOf, type Environment, type Interface, type VirtualNetwork } from '../resources'

/** Target is an interface or an environment, with an address that it has. */
export interface Target {
  id: string
  label: string
  address: string
}

/** useTargets are all of them; undefined until they have been read. */
export function useTargets(): Target[] | undefined {
  const interfaces = useAll<Interface>(interfaceType)
  const environments = useAll<Environment>(environmentType)
  const networks = useAll<VirtualNetwork>(networkType)
  if (!interfaces.data || !environments.data || !networks.data) return undefined
  return targetsOf(environments.data, interfaces.data, networks.data)
}

/** targetsOf are the environments and then the interfaces; an environment has the first address of its first subnet that a resource can have. */
export function targetsOf(environments: Environment[], interfaces: Interface[], networks: VirtualNetwork[]): Target[] {
  const subnets = new Map(networks.flatMap((n) => n.properties.subnets).map((s) => [s.id.toLowerCase(), s]))
  const first = (e: Environment) => {
    const subnet = subnets.get(e.properties.networkConfiguration.subnets[0]?.id.toLowerCase() ?? '')
    const range = subnet && parseRange(rangesOf(subnet)[0] ?? '')
    return range ? formatAddress(range.first + 4) : ''
  }
  return [
    ...environments.map((e) => ({ id: e.id, label: `${e.name} (environment)`, address: first(e) })),
    ...interfaces.map((nic) => ({ id: nic.id, label: `${nic.name || nameOf(nic.id)} (${privateOf(nic)})`, address: privateOf(nic) })),
  ]
}
