import { describe, expect, it } from 'vitest'
import type { Subnet } from '../network/resources'
import { basicsProblems, emptyDraft, nameProblem, networkProblems, subnetWarnings, templateOf, type Draft } from './draft'

const network = '/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/office'

function subnet(name: string, properties: Partial<Subnet['properties']> = {}): Subnet {
  return { id: `${network}/subnets/${name}`, name, properties: { addressPrefix: '10.0.0.0/27', ...properties } }
}

const four = ['a', 'b', 'c', 'd'].map((n) => subnet(n, { networkSecurityGroup: { id: '/nsg' } }))
const draft: Draft = { ...emptyDraft, group: 'net', name: 'branch', location: 'local', sku: 'Premium', capacity: 2, network, subnets: four.map((s) => s.id) }

interface Template {
  resources: { type: string; name: string; resourceGroup?: string; dependsOn?: string[]; sku?: object; properties: { delegations?: object[]; networkSecurityGroup?: object; template?: Template } }[]
}

describe('a draft of an environment', () => {
  it('names what is missing', () => {
    expect(basicsProblems(draft)).toEqual([])
    expect(basicsProblems(emptyDraft)).toHaveLength(3)
    expect(networkProblems(draft)).toEqual([])
    expect(networkProblems({ ...draft, subnets: [] })[0]).toContain('four subnets')
    expect(networkProblems(emptyDraft)[0]).toContain('virtual network')
    for (const name of ['a b', 'ä', 'x/y', 'x'.repeat(81)]) expect(nameProblem(name), name).not.toBe('')
    for (const name of ['a', '1-2_3.4']) expect(nameProblem(name), name).toBe('')
  })

  it('delegates the first subnet, and keeps what it has', () => {
    const { resources } = templateOf(draft, four) as Template
    expect(resources.map((r) => [r.type, r.name])).toEqual([
      ['Microsoft.Network/virtualNetworks/subnets', 'office/a'],
      ['Microsoft.Logic/integrationServiceEnvironments', 'branch'],
    ])
    expect(resources[0]?.properties.delegations).toHaveLength(1)
    expect(resources[0]?.properties.networkSecurityGroup).toEqual({ id: '/nsg' })
    expect(resources[1]?.dependsOn).toEqual([four[0]?.id])
    expect(resources[1]?.sku).toEqual({ name: 'Premium', capacity: 2 })
  })

  it('delegates in the group of the network where that is another one', () => {
    const { resources } = templateOf({ ...draft, group: 'apps' }, four) as Template
    expect(resources[0]?.type).toBe('Microsoft.Resources/deployments')
    expect(resources[0]?.resourceGroup).toBe('net')
    expect(resources[0]?.properties.template?.resources[0]?.name).toBe('office/a')
    expect(resources[1]?.dependsOn?.[0]).toContain("'net', 'Microsoft.Resources/deployments'")
  })

  it('leaves a delegation that is there', () => {
    const delegated = [subnet('a', { delegations: [{ name: 'd', properties: { serviceName: 'Microsoft.Logic/integrationServiceEnvironments' } }] }), ...four.slice(1)]
    const { resources } = templateOf({ ...draft, sku: 'Developer' }, delegated) as Template
    expect(resources).toHaveLength(1)
    expect(resources[0]?.sku).toEqual({ name: 'Developer', capacity: 0 })
  })
})

describe('warnings of a subnet', () => {
  it('are given for what an environment cannot use', () => {
    expect(subnetWarnings(subnet('a'))).toEqual([])
    expect(subnetWarnings(subnet('1a'))[0]).toContain('begin with')
    expect(subnetWarnings(subnet('a', { addressPrefix: '10.0.0.0/28' }))[0]).toContain('too small')
    expect(subnetWarnings(subnet('a', { addressPrefix: '100.64.1.0/27' }))[0]).toContain('cannot use')
    expect(subnetWarnings(subnet('a', { ipConfigurations: [{ id: '/x/networkInterfaces/nic/ipConfigurations/c' }] }))[0]).toContain('not empty')
    expect(subnetWarnings(subnet('a', { delegations: [{ name: 'd', properties: { serviceName: 'Microsoft.Web/serverFarms' } }] }))[0]).toContain('Microsoft.Web')
  })
})
