import { expect, test } from 'vitest'
import type { Peering, VirtualNetwork } from '../resources'
import { backOf, common, gatewayProblem, inSync, newSide, sideBody, sideDraft } from './peering'

const remote = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/b'

function network(...addressPrefixes: string[]): VirtualNetwork {
  return { id: '/a', name: 'a', location: 'local', properties: { addressSpace: { addressPrefixes }, subnets: [], provisioningState: 'Succeeded' } }
}

const side: Peering = {
  id: '/p',
  name: 'p',
  properties: {
    peeringState: 'Connected',
    peeringSyncLevel: 'LocalNotInSync',
    remoteVirtualNetwork: { id: remote },
    remoteAddressSpace: { addressPrefixes: ['10.1.0.0/16'] },
    allowVirtualNetworkAccess: true,
    allowForwardedTraffic: true,
    allowGatewayTransit: false,
    useRemoteGateways: true,
  },
}

test('a form that changes nothing gives back what was read', () => {
  expect(sideBody(sideDraft(side), remote, side)).toEqual({ properties: side.properties })
})

test('a new side lets flows pass, and nothing else', () => {
  expect(sideBody(newSide('to-b'), remote)).toEqual({
    properties: { remoteVirtualNetwork: { id: remote }, allowVirtualNetworkAccess: true, allowForwardedTraffic: false, allowGatewayTransit: false, useRemoteGateways: false },
  })
})

test.each([
  [['10.0.0.0/16'], ['10.1.0.0/16'], undefined],
  [['10.0.0.0/16', '10.2.0.0/16'], ['10.2.3.0/24'], ['10.2.0.0/16', '10.2.3.0/24']],
  [['10.0.255.0/24'], ['10.0.0.0/16'], ['10.0.255.0/24', '10.0.0.0/16']],
  [['fd00::/48'], ['fd00::/48'], undefined],
])('%o and %o overlap at %o', (a, b, at) => expect(common(network(...a), network(...b))).toEqual(at))

test('the other side is found however its network is spelled', () => {
  expect(backOf([side], remote.toUpperCase())).toBe(side)
  expect(backOf([side], '/other')).toBeUndefined()
  expect(backOf(undefined, remote)).toBeUndefined()
})

test('no side shares a gateway that it uses', () => {
  expect(gatewayProblem(newSide())).toBe('')
  expect(gatewayProblem({ ...newSide(), transit: true, remoteGateway: true })).not.toBe('')
  expect(inSync(side)).toBe(false)
})
