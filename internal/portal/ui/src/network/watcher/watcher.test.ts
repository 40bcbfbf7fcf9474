import { expect, test } from 'vitest'
import type { Environment, Interface, VirtualNetwork } from '../resources'
import { bytesProblem, captureBody, newCapture, timeProblem, type CaptureDraft } from './capture'
import { issueText, outcomeText } from './connection'
import { routeRow, ruleRow } from './effective'
import { flowLogBody, newFlowLog, storageOf } from './flowLog'
import { targetsOf } from './target'

const group = '/subscriptions/s/resourceGroups/g/providers'
const network = `${group}/Microsoft.Network/virtualNetworks/n`

test('targets are environments and interfaces, each with an address that it can have', () => {
  const environment = { id: `${group}/Microsoft.Logic/integrationServiceEnvironments/e`, name: 'e', properties: { networkConfiguration: { subnets: [{ id: `${network}/SUBNETS/a` }] } } } as unknown as Environment
  const nic = { id: `${group}/Microsoft.Network/networkInterfaces/db`, name: 'db', properties: { ipConfigurations: [{ properties: { privateIPAddress: '10.0.2.50' } }] } } as unknown as Interface
  const of = { properties: { subnets: [{ id: `${network}/subnets/a`, name: 'a', properties: { addressPrefix: '10.0.0.0/27' } }] } } as unknown as VirtualNetwork
  expect(targetsOf([environment], [nic], [of]).map((t) => [t.label, t.address])).toEqual([
    ['e (environment)', '10.0.0.4'],
    ['db (10.0.2.50)', '10.0.2.50'],
  ])
  expect(targetsOf([environment], [], [])[0]?.address).toBe('')
})

test('a rule is told as people write it', () => {
  const rule = { name: 'securityRules/Ssh', protocol: 'All', direction: 'Inbound', access: 'Allow', priority: 100, sourceAddressPrefixes: ['0.0.0.0/0', '::/0'], sourcePortRanges: ['0-65535'], destinationAddressPrefix: '10.0.0.4/32', destinationPortRanges: ['22-22', '8000-8099'] }
  expect(ruleRow(rule, (access) => access)).toEqual(['100', 'Ssh', 'Any', 'Any', 'Any', '10.0.0.4/32', '22, 8000-8099', 'Allow'])
  expect(routeRow({ source: 'Default', state: 'Active', addressPrefix: ['0.0.0.0/0'], nextHopType: 'Internet', nextHopIpAddress: [] }, (t) => `to ${t}`)).toEqual(['Default', 'Active', '0.0.0.0/0', 'to Internet', '–'])
})

test('a flow log says what a PUT needs', () => {
  const draft = { ...newFlowLog, name: 'log', target: network, days: '7' }
  expect(flowLogBody(draft, 'local', storageOf(`${group}/Microsoft.Network/networkWatchers/w`))).toEqual({
    location: 'local',
    properties: {
      targetResourceId: network,
      storageId: `${group}/Microsoft.Storage/storageAccounts/flowlogs`,
      enabled: true,
      retentionPolicy: { days: 7, enabled: true },
      format: { type: 'JSON', version: 2 },
    },
  })
  expect(flowLogBody({ ...draft, days: '0' }, 'local', 'x')).toMatchObject({ properties: { retentionPolicy: { days: 0, enabled: false } } })
})

test('a capture has bounds, and filters only where something is chosen', () => {
  const draft: CaptureDraft = { ...newCapture, name: 'c', target: network }
  expect(captureBody(draft, 'c').properties).toEqual({ target: network, bytesToCapturePerPacket: 0, totalBytesPerSession: 1073741824, timeLimitInSeconds: 18000, storageLocation: { filePath: 'c.cap' } })
  expect(captureBody({ ...draft, protocol: 'TCP', remotePort: '443' }, 'c').properties.filters).toEqual([{ protocol: 'TCP', remotePort: '443' }])
  expect([bytesProblem('1'), bytesProblem('4294967296') !== '', bytesProblem('x') !== '', timeProblem('18000'), timeProblem('18001') !== '']).toEqual(['', true, true, '', true])
})

test('a connection tells its way, its probes, and what stands in it', () => {
  expect(outcomeText({ connectionStatus: 'Unreachable' })).toBe('What stands in the way is told at its hop. No probes were sent.')
  expect(outcomeText({ connectionStatus: 'Reachable', probesSent: 4, probesFailed: 1, avgLatencyInMs: 2 })).toBe('Nothing stands in the way. 3 of 4 probes were answered, after 2 ms on average.')
  expect(issueText({ type: 'GuestFirewall', origin: 'Inbound', context: [{ key: 'Message', value: 'refused' }] })).toBe('GuestFirewall, Inbound · Message: refused')
  expect(issueText({ type: 'NetworkSecurityRule', context: [{ RuleName: 'NoSsh', Nsg: `${network}/x` }] })).toBe('NetworkSecurityRule · RuleName: NoSsh · Nsg: x')
})
