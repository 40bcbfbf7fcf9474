// The rules that an environment's security groups lack: GET …/health/network/missingRules
// gives a template, which a deployment carries out. The same as `isle netcheck --fix`.

import type { Answer, Client } from '../api/client'
import { groupId, groupOf, parseId, providerId } from '../api/id'
import { groupType } from './resources'
import type { RuleProperties } from './rule'

interface TemplateResource {
  type: string
  name: string
  resourceGroup?: string // of a nested deployment
  properties: Partial<RuleProperties> & { template?: Template }
}

export interface Template {
  resources: TemplateResource[]
  outputs?: { rest?: { value: Unfixable[] } }
}

/** Unfixable is a row that no added rule opens. */
export interface Unfixable {
  row: string
  purpose: string
  subnet: string
  message: string
}

/** MissingRule is a rule that a fix adds. */
export interface MissingRule {
  group: string // ID of the security group
  name: string
  properties: Partial<RuleProperties>
}

/** rulesIn are the rules of a template, those of nested deployments included. */
export function rulesIn(template: Template, environment: string, group = groupOf(environment)): MissingRule[] {
  const subscription = parseId(environment)?.subscription ?? ''
  return template.resources.flatMap((r) => {
    if (r.properties.template) return rulesIn(r.properties.template, environment, r.resourceGroup ?? group)
    const [owner = '', name = ''] = r.name.split('/')
    return [{ group: providerId(subscription, group, groupType, owner), name, properties: r.properties }]
  })
}

/** unfixable are the causes that rules do not mend, each once, with its rows. */
export function unfixable(template: Template): { rows: string[]; cause: string }[] {
  const causes = new Map<string, Set<string>>()
  for (const rest of template.outputs?.rest?.value ?? []) {
    const cause = `${rest.subnet}: ${rest.message}`
    causes.set(cause, (causes.get(cause) ?? new Set()).add(rest.row))
  }
  return [...causes].map(([cause, rows]) => ({ cause, rows: [...rows] }))
}

/** whyNoRule says why an added rule does not open what a cause closes, and what does. */
export function whyNoRule(cause: string): string {
  if (cause.includes('(priority 100)')) return 'No rule comes before priority 100: change or remove that rule.'
  if (cause.includes(' route ')) return 'Rules do not change routes: change or remove that route.'
  if (cause.includes('by firewall ')) return 'Rules do not change firewalls: add a network rule that allows it.'
  return 'No place before that rule is free, or its security group is not at the environment’s subnets: change or remove that rule.'
}

/** deploymentId is that of the deployment which adds rules for a row, '' for all. */
export function deploymentId(environment: string, row: string, now: Date): string {
  const subscription = parseId(environment)?.subscription ?? ''
  const stamp = now.toISOString().replaceAll(/\D/g, '').slice(0, 14)
  const what = row === '' ? 'network' : row.replaceAll(/[^\w]/g, '-')
  return `${groupId(subscription, groupOf(environment))}/providers/Microsoft.Resources/deployments/fix-${what}-${stamp}`
}

export async function deploy(client: Client, id: string, template: Template): Promise<Answer<unknown>> {
  return client.put(id, { properties: { mode: 'Incremental', template } })
}
