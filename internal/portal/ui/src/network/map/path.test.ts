import { expect, test } from 'vitest'
import type { Environment, Firewall, Interface, Subnet, VirtualNetwork } from '../resources'
import type { TraceReport } from '../trace'
import { askFor, pathOf } from './path'
import { layOut, shapeOf, networkOf, type World } from './topology'

const root = '/subscriptions/s/resourceGroups/g/providers'
const net = `${root}/Microsoft.Network/virtualNetworks/net`
const ise = `${root}/Microsoft.Logic/integrationServiceEnvironments/isle`

function subnet(name: string, addressPrefix: string): Subnet {
  return { id: `${net}/subnets/${name}`, name, properties: { addressPrefix } }
}

const world: World = {
  networks: [
    {
      id: net,
      name: 'net',
      location: 'local',
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        provisioningState: 'Succeeded',
        subnets: [subnet('front', '10.0.0.0/27'), subnet('back', '10.0.0.32/27'), subnet('machines', '10.0.9.0/24'), subnet('AzureFirewallSubnet', '10.0.8.0/26')],
      },
    } satisfies VirtualNetwork,
  ],
  environments: [
    {
      id: ise,
      name: 'isle',
      location: 'local',
      properties: { networkConfiguration: { accessEndpoint: { type: 'External' }, subnets: [{ id: `${net}/subnets/FRONT` }, { id: `${net}/subnets/back` }] } },
    } satisfies Environment,
  ],
  firewalls: [
    {
      id: `${root}/Microsoft.Network/azureFirewalls/egress`,
      name: 'egress',
      location: 'local',
      properties: {
        networkRuleCollections: [],
        ipConfigurations: [{ name: 'ip', properties: { privateIPAddress: '10.0.8.4', subnet: { id: `${net}/subnets/AzureFirewallSubnet` } } }],
      },
    } satisfies Firewall,
  ],
  interfaces: [
    {
      id: `${root}/Microsoft.Network/networkInterfaces/db`,
      name: 'db',
      location: 'local',
      tags: { 'Isle-Attach': '1433=127.0.0.1:5000' },
      properties: {
        ipConfigurations: [{ name: 'ip', properties: { privateIPAddress: '10.0.9.50', privateIPAllocationMethod: 'Static', subnet: { id: `${net}/subnets/machines` } } }],
      },
    } satisfies Interface,
  ],
}
const topology = layOut(world)
const end = (id: string) => topology.ends.find((e) => e.id.endsWith(id))

test('everything has a place of its own, inside of what it is in', () => {
  const at = (name: string) => topology.boxes.find((b) => b.title === name) ?? { x: 0, y: 0, width: 0, height: 0, id: '' }
  for (const [outer, inner] of [
    ['net', 'isle'],
    ['isle', 'front'],
    ['isle', 'back'],
    ['net', 'machines'],
    ['net', 'AzureFirewallSubnet'],
  ] as const) {
    const [a, b] = [at(outer), at(inner)]
    expect(b.x > a.x && b.y > a.y && b.x + b.width < a.x + a.width && b.y + b.height < a.y + a.height, `${inner} in ${outer}`).toBe(true)
  }
  const cards = topology.boxes.filter((b) => b.kind === 'subnet')
  for (const a of cards) for (const b of cards) if (a !== b) expect(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y).toBe(true)
  expect(topology.ends.map((e) => e.label)).toContain('db (10.0.9.50:1433)')
  expect(networkOf(world, '10.0.9.7')?.name).toBe('net')
})

test('who judges a flow: the environment at one of its ends, else the network', () => {
  const ask = (from: string, to: string) =>
    askFor(
      { from: end(from), fromAddress: end(from)?.address ?? from, to: end(to), toAddress: end(to)?.address ?? to, protocol: 'Tcp', port: 1433 },
      (a) => networkOf(world, a)?.id,
    )
  expect(ask('#front', '#1433')).toEqual({
    path: `${ise}/health/network/trace`,
    body: { protocol: 'Tcp', port: 1433, direction: 'Outbound', subnet: 'front', destination: '10.0.9.50' },
  })
  expect(ask('internet', '#back')).toMatchObject({ body: { direction: 'Inbound', subnet: 'back', source: '203.0.113.10' } })
  expect(ask('#1433', '8.8.8.8')).toMatchObject({ path: `${net}/trace` })
  expect(ask('8.8.8.8', '10.0.9.7')).toMatchObject({ path: `${net}/trace` })
  expect(ask('8.8.8.8', '9.9.9.9')).toContain('must be in a virtual network')
})

function report(...steps: [stage: string, verdict: 'Allow' | 'Deny', at?: string][]): TraceReport {
  const decided = steps.map(([stage, verdict, at = '']) => ({
    stage,
    text: '',
    decision: {
      verdict,
      stage,
      protocol: 'Tcp',
      sourceAddress: '',
      sourcePort: 0,
      destinationAddress: '',
      destinationPort: 0,
      message: '',
      ...(stage === 'firewall' ? { firewallId: at } : { subnetId: at }),
    },
  }))
  const last = decided.at(-1)?.decision
  return {
    allowed: last?.verdict === 'Allow',
    decision: last ?? { verdict: 'Allow', stage: 'none', protocol: '', sourceAddress: '', sourcePort: 0, destinationAddress: '', destinationPort: 0, message: '' },
    steps: decided,
    rules: [],
  }
}

const [front, machines, firewall] = [`${net}/subnets/front`, `${net}/subnets/machines`, `${net}/subnets/AzureFirewallSubnet`]
const egress = `${root}/Microsoft.Network/azureFirewalls/egress`

test.each([
  ['through', report(['subnetOut', 'Allow', front], ['route', 'Allow', front], ['subnetIn', 'Allow', machines]), machines, [[front, machines, false]]],
  ['stopped on leaving', report(['subnetOut', 'Deny', front]), machines, [[front, machines, true]]],
  ['stopped on entering', report(['subnetOut', 'Allow', front], ['route', 'Allow', front], ['subnetIn', 'Deny', machines]), machines, [[front, machines, true]]],
  [
    'by a firewall',
    report(['route', 'Allow', front], ['firewall', 'Allow', egress], ['route', 'Allow', firewall]),
    'internet',
    [
      [front, firewall, false],
      [firewall, 'internet', false],
    ],
  ],
  [
    'stopped by a firewall',
    report(['route', 'Allow', front], ['firewall', 'Deny', egress]),
    'internet',
    [
      [front, firewall, true],
      [firewall, 'internet', true],
    ],
  ],
  ['without a step', report(), 'internet', [[front, 'internet', false]]],
] as const)('a flow %s', (_, told, to, want) => {
  expect(pathOf(told, topology, front, to).legs.map((l) => [l.from, l.to, l.denied])).toEqual(want)
})

test('the map tells its shape, so that a narrow window has no empty band', () => {
  const [one] = topology.boxes
  expect(shapeOf({ boxes: one ? [{ ...one, x: 0, y: 0, width: 300, height: 100 }] : [], ends: [] })).toBe(3)
})
