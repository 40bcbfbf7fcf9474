import { expect, test } from 'vitest'
import { rulesIn, unfixable, whyNoRule, deploymentId, type Template } from './fix'
import { decidingRule, overallState, portTable, type AccessRow, type NetworkHealth, type SubnetHealth } from './health'

function row(id: string, state: AccessRow['state'], message = ''): AccessRow {
  const denials =
    message === '' ? [] : [{ verdict: 'Deny' as const, stage: 'subnetOut', protocol: 'Tcp', sourceAddress: '', sourcePort: 0, destinationAddress: '', destinationPort: 0, message }]
  return {
    row: id,
    purpose: id,
    direction: 'Outbound',
    protocol: 'Any',
    source: '',
    destination: '',
    ports: ['443'],
    verdict: '',
    state,
    lacking: state === 'blocked-by-rule',
    denials,
    closed: [],
    probe: { result: 'NotProbed' },
    consequence: '',
  }
}

function subnet(state: string, ...rows: AccessRow[]): SubnetHealth {
  return { networkDependencyHealthState: state, outboundNetworkHealth: { state }, edition: '2020', requiredAccess: rows }
}

test('a row is shown once, as the worst subnet has it, with where it lacks', () => {
  const health: NetworkHealth = {
    front: subnet('Healthy', row('O1', 'reachable'), row('O8', 'reachable')),
    back: subnet('Unhealthy', row('O1', 'reachable'), row('O8', 'blocked-by-rule', 'denied by securityRules/NoSQL')),
  }
  const table = portTable(health)
  expect(table.map((r) => [r.row.row, r.state, r.places.map((p) => p.subnet), r.subnets])).toEqual([
    ['O1', 'reachable', [], 2],
    ['O8', 'blocked-by-rule', ['back'], 2],
  ])
  expect(decidingRule(table[1]?.row ?? row('', 'unknown'))).toBe('Denied by NoSQL')
  expect(decidingRule(row('I2', 'blocked-by-rule', 'denied by defaultSecurityRules/DenyAllInBound (priority 65500)'))).toBe('Denied by DenyAllInBound (priority 65500)')
  expect(overallState(health)).toBe('Unhealthy')
})

test('what is closed in part, and may be, lacks nothing', () => {
  const row1 = { ...row('C:sql', 'blocked-by-rule', 'denied by securityRules/NoSQL'), connector: 'sql', lacking: false }
  const [open] = portTable({ front: subnet('Healthy', row1) })
  expect([open?.state, open?.places]).toEqual(['partly-open', []])
  const [closed] = portTable({ front: subnet('Unhealthy', { ...row1, lacking: true }) })
  expect(closed?.state).toBe('blocked-by-rule')
})

const environment = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/integrationServiceEnvironments/e'

test('a fix is the rules of its template, where their security groups are', () => {
  const rule = (name: string) => ({ type: 'securityRules', name: `web/${name}`, properties: { priority: 150 } })
  const template: Template = {
    resources: [rule('a'), { type: 'deployments', name: 'missing-rules-net', resourceGroup: 'net', properties: { template: { resources: [rule('b')] } } }],
    outputs: {
      rest: {
        value: [
          { row: 'O8', purpose: '', subnet: 'back', message: 'denied by route 0.0.0.0/0' },
          { row: 'O5', purpose: '', subnet: 'back', message: 'denied by route 0.0.0.0/0' },
        ],
      },
    },
  }
  const found = rulesIn(template, environment)
  expect(found.map((r) => [r.group.split('/')[4], r.name])).toEqual([
    ['g', 'a'],
    ['net', 'b'],
  ])
  expect(unfixable(template)).toEqual([{ cause: 'back: denied by route 0.0.0.0/0', rows: ['O8', 'O5'] }])
  expect(whyNoRule('back: denied by route 0.0.0.0/0')).toContain('route')
})

test('the deployment of a fix has a name that the server takes', () => {
  expect(deploymentId(environment, 'C:sql', new Date(0)).split('/').pop()).toMatch(/^[\w.()-]{1,64}$/)
})
