import { groupName, type BasicsDraft } from '../frame/Basics'
import { nameOf, parentOf, parseId, providerId } from '../api/id'
import { versionOf } from '../api/versions'
import { overlap, parseRange } from '../network/address'
import { ownersOf, rangesOf, type Subnet } from '../network/resources'
import { environmentService, environmentWarnings } from '../network/subnet'
import { environmentType } from './environment'

/** Draft is an environment that is to be made (ise.md A2). */
export interface Draft extends BasicsDraft {
  sku: 'Developer' | 'Premium'
  capacity: number // additional units, of Premium
  endpoint: 'Internal' | 'External'
  network: string // ID
  subnets: string[] // IDs, in the order of their being chosen
}

export const emptyDraft: Draft = { group: '', newGroup: '', name: '', location: '', sku: 'Developer', capacity: 0, endpoint: 'External', network: '', subnets: [] }

export const subnetCount = 4

/** nameProblem says what is wrong with an environment's name; '' if nothing is (ise.md A2, row 17). */
export function nameProblem(name: string): string {
  if (name === '') return 'Give a name.'
  if (name.length > 80) return 'A name has at most 80 characters.'
  return /^[A-Za-z0-9._-]+$/.test(name) ? '' : 'A name has only letters, digits, hyphens, underscores and periods.'
}

/** basicsProblems are what keeps the first tab from being complete. */
export function basicsProblems(d: Draft): string[] {
  const found: string[] = []
  if (groupName(d) === '') found.push('Choose a resource group, or give a new one a name.')
  if (nameProblem(d.name) !== '') found.push(d.name === '' ? 'Give the environment a name.' : nameProblem(d.name))
  if (d.location === '') found.push('Give a location.')
  return found
}

/** networkProblems are what keeps the second tab from being complete. */
export function networkProblems(d: Draft): string[] {
  if (d.network === '') return ['Choose a virtual network.']
  if (d.subnets.length !== subnetCount) return [`Choose four subnets; ${d.subnets.length} of them ${d.subnets.length === 1 ? 'is' : 'are'} chosen.`]
  return []
}

/**
 * subnetWarnings say why a subnet may not do. The portal shows them and does not stand in
 * the way (ise.md A2, row 25); the server judges when the deployment is checked.
 */
export function subnetWarnings(s: Subnet): string[] {
  const found = rangesOf(s).flatMap((r) => environmentWarnings(s.name, r))
  const owners = ownersOf(s)
  if (owners.length > 0) found.push(`The subnet is not empty: it has ${owners.map(nameOf).join(', ')}.`)
  const delegated = (s.properties.delegations ?? []).map((d) => d.properties.serviceName)
  const other = delegated.filter((d) => d.toLowerCase() !== environmentService.toLowerCase())
  if (other.length > 0) found.push(`The subnet is delegated to ${other.join(', ')}.`)
  if (rangesOf(s).some(isReserved)) found.push('The range is one of those that an environment cannot use.')
  return [...new Set(found)]
}

// Ranges that the service does not resolve (ise.md A3, row 43).
const reserved = ['0.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '168.63.129.16/32', '169.254.169.254/32']

const none = { first: -1, bits: 32 }

function isReserved(text: string): boolean {
  const range = parseRange(text)
  if (range === undefined) return false
  return reserved.some((r) => overlap(parseRange(r) ?? none, range))
}

/** idOf is the ID that the draft's environment will have. */
export function idOf(subscription: string, d: Draft): string {
  return providerId(subscription, groupName(d), environmentType, d.name)
}

/**
 * templateOf is the deployment that makes the draft's environment. The portal asks for four
 * subnets without a delegation, and delegates the first one here (ise.md A3, row 45); one
 * that is delegated already stays as it is.
 */
export function templateOf(d: Draft, subnets: Subnet[]): object {
  const chosen = d.subnets.map((id) => subnets.find((s) => s.id === id)).filter((s): s is Subnet => s !== undefined)
  const first = chosen[0]
  const delegated = chosen.some((s) => (s.properties.delegations ?? []).length > 0)
  const environment = {
    type: environmentType,
    apiVersion: versionOf(`/providers/${environmentType}`),
    name: d.name,
    location: d.location,
    sku: { name: d.sku, capacity: d.sku === 'Premium' ? d.capacity : 0 },
    properties: { networkConfiguration: { accessEndpoint: { type: d.endpoint }, subnets: d.subnets.map((id) => ({ id })) } },
  }
  if (first === undefined || delegated) return template(environment)
  if (inGroup(d, first.id)) return template(delegationOf(first), { ...environment, dependsOn: [first.id] })
  return template(inOtherGroup(delegationOf(first), first.id), { ...environment, dependsOn: [nested(first.id)] })
}

function template(...resources: object[]): object {
  return { $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#', contentVersion: '1.0.0.0', resources }
}

function inGroup(d: Draft, subnet: string): boolean {
  return parseId(subnet)?.group.toLowerCase() === groupName(d).toLowerCase()
}

function delegationOf(s: Subnet): object {
  const { addressPrefix, addressPrefixes, networkSecurityGroup, routeTable } = s.properties
  return {
    type: 'Microsoft.Network/virtualNetworks/subnets',
    apiVersion: versionOf('/providers/Microsoft.Network/virtualNetworks'),
    name: `${nameOf(parentOf(s.id))}/${s.name}`,
    properties: {
      ...(addressPrefix === undefined ? { addressPrefixes } : { addressPrefix }),
      ...(networkSecurityGroup === undefined ? {} : { networkSecurityGroup: { id: networkSecurityGroup.id } }),
      ...(routeTable === undefined ? {} : { routeTable: { id: routeTable.id } }),
      delegations: [{ name: 'integrationServiceEnvironments', properties: { serviceName: environmentService } }],
    },
  }
}

const nestedName = 'delegate-subnet'

function nested(subnet: string): string {
  const parsed = parseId(subnet)
  return `[resourceId('${parsed?.subscription ?? ''}', '${parsed?.group ?? ''}', 'Microsoft.Resources/deployments', '${nestedName}')]`
}

/** inOtherGroup is a resource in the group of the network, where the environment has another one. */
function inOtherGroup(resource: object, subnet: string): object {
  const parsed = parseId(subnet)
  return {
    type: 'Microsoft.Resources/deployments',
    apiVersion: versionOf('/providers/Microsoft.Resources/deployments'),
    name: nestedName,
    resourceGroup: parsed?.group,
    properties: {
      mode: 'Incremental',
      template: template(resource),
    },
  }
}
