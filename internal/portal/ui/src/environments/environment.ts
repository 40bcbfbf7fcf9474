import { groupOf, sameId } from '../api/id'
import type { IntegrationServiceEnvironment, IntegrationServiceEnvironmentProperties } from '../api/models/logic'
import { useResources } from '../api/resources'
import { useSubscription } from '../api/subscription'

export const environmentType = 'Microsoft.Logic/integrationServiceEnvironments'
export const accountType = 'Microsoft.Logic/integrationAccounts'
export const workflowType = 'Microsoft.Logic/workflows'
export const connectionType = 'Microsoft.Web/connections'

/** What Isle tells of an environment beside what the SDK knows. */
interface Properties extends IntegrationServiceEnvironmentProperties {
  networkHealth?: { state: 'Healthy' | 'Unhealthy' | 'Unknown'; since?: string }
  networkConfiguration?: IntegrationServiceEnvironmentProperties['networkConfiguration'] & {
    dnsServers?: string[]
    isolation?: { mode: string; isolated: boolean; reasons: string[] }
  }
}

export interface Environment extends IntegrationServiceEnvironment {
  id: string
  name: string
  location: string
  properties: Properties
}

/** Member is a resource that may be in an environment: a workflow, a connection, an integration account. */
export interface Member {
  id: string
  name: string
  type: string
  location: string
  properties?: {
    state?: string
    changedTime?: string
    createdTime?: string
    provisioningState?: string
    integrationServiceEnvironment?: { id?: string }
    integrationServiceEnvironmentResourceId?: string
    overallStatus?: string
    displayName?: string
  }
  sku?: { name?: string }
}

/** useMembers lists the resources of a type that are in an environment. */
export function useMembers(type: string, environment: string) {
  const subscription = useSubscription()
  const all = useResources<Member>(`/subscriptions/${subscription}/providers/${type}`, { enabled: subscription !== '' })
  return { ...all, data: all.data?.filter((m) => isIn(m, environment)) }
}

export function isIn(member: Member, environment: string): boolean {
  const { integrationServiceEnvironment, integrationServiceEnvironmentResourceId } = member.properties ?? {}
  return sameId(integrationServiceEnvironment?.id ?? integrationServiceEnvironmentResourceId, environment)
}

/** skuText is an environment's SKU for people, with its units. */
export function skuText(e: Environment): string {
  if (e.sku?.name === 'Premium') return `Premium, ${e.sku.capacity ?? 0} additional units`
  return e.sku?.name === 'Developer' ? 'Developer (No SLA)' : (e.sku?.name ?? '')
}

/** networkOf is the ID of the virtual network that an environment is in, '' if it cannot be told. */
export function networkOf(e: Environment): string {
  const id = e.properties.networkConfiguration?.subnets?.[0]?.id ?? ''
  const cut = id.toLowerCase().indexOf('/subnets/')
  return cut < 0 ? '' : id.slice(0, cut)
}

export function sortedByGroup(environments: Environment[]): Environment[] {
  return [...environments].sort((a, b) => groupOf(a.id).localeCompare(groupOf(b.id)) || a.name.localeCompare(b.name))
}
