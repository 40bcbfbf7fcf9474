// Virtual network peerings in forms (network.md §A1, §A5): each of the two networks has its own side.

import { sameId } from '../../api/id'
import { overlap, parseRange } from '../address'
import type { Peering, VirtualNetwork } from '../resources'

/** SideDraft is one network's side as the form has it. */
export interface SideDraft {
  name: string
  access: boolean
  forwarded: boolean
  transit: boolean
  remoteGateway: boolean
}

export function newSide(name = ''): SideDraft {
  return { name, access: true, forwarded: false, transit: false, remoteGateway: false }
}

export function sideDraft({ name, properties: p }: Peering): SideDraft {
  return {
    name,
    access: p.allowVirtualNetworkAccess ?? true,
    forwarded: p.allowForwardedTraffic ?? false,
    transit: p.allowGatewayTransit ?? false,
    remoteGateway: p.useRemoteGateways ?? false,
  }
}

/** sideBody is what a PUT of a side to a network sends; what is not of the form stays as it was read. */
export function sideBody(draft: SideDraft, remote: string, read?: Peering): { properties: Peering['properties'] } {
  return {
    properties: {
      ...read?.properties,
      remoteVirtualNetwork: { id: remote },
      allowVirtualNetworkAccess: draft.access,
      allowForwardedTraffic: draft.forwarded,
      allowGatewayTransit: draft.transit,
      useRemoteGateways: draft.remoteGateway,
    },
  }
}

/** gatewayProblem says why a side cannot be so; '' if it can. */
export function gatewayProblem(side: SideDraft): string {
  return side.transit && side.remoteGateway ? 'A network that uses the gateway of the other one has none to share.' : ''
}

/** common is a range of each of two networks that have addresses in common; undefined: they can be peered. */
export function common(a: VirtualNetwork, b: VirtualNetwork): [string, string] | undefined {
  for (const one of a.properties.addressSpace.addressPrefixes) {
    for (const other of b.properties.addressSpace.addressPrefixes) {
      const [here, there] = [parseRange(one), parseRange(other)]
      if (here !== undefined && there !== undefined && overlap(here, there)) return [one, other] // IPv6 is the server's to judge
    }
  }
  return undefined
}

/** backOf is the other network's side of a peering with a network; undefined if it has none. */
export function backOf(sides: readonly Peering[] | undefined, network: string): Peering | undefined {
  return sides?.find((s) => sameId(s.properties.remoteVirtualNetwork.id, network))
}

const levels: Record<string, string> = {
  FullyInSync: 'In sync',
  LocalNotInSync: 'Local network not in sync',
  RemoteNotInSync: 'Remote network not in sync',
  LocalAndRemoteNotInSync: 'Neither network in sync',
}

/** syncText is a sync level in words. */
export function syncText(level: string | undefined): string {
  return levels[level ?? ''] ?? level ?? ''
}

export function inSync(p: Peering): boolean {
  return p.properties.peeringSyncLevel === undefined || p.properties.peeringSyncLevel === 'FullyInSync'
}
