// Workflows as the API has them (logic-api §2.2).

import { nameOf } from '../api/id'

export const workflowType = 'Microsoft.Logic/workflows'

interface Reference {
  id: string
  name?: string
}

interface AccessPolicy {
  allowedCallerIpAddresses?: { addressRange: string }[]
}

/** Parts of a workflow that callers are let in to. */
export const accessParts = ['triggers', 'contents', 'actions', 'workflowManagement'] as const
export type AccessControl = Partial<Record<(typeof accessParts)[number], AccessPolicy>>

export interface Workflow {
  id: string
  name: string
  location: string
  kind?: string
  tags?: Record<string, string>
  properties: {
    state: string
    version: string
    createdTime: string
    changedTime: string
    accessEndpoint: string
    definition: { triggers?: Record<string, { type?: string; kind?: string }> }
    integrationServiceEnvironment?: Reference
    integrationAccount?: Reference
    accessControl?: AccessControl
  }
}

export interface Trigger {
  id: string
  name: string
  properties: { state: string; status?: string; provisioningState?: string; lastExecutionTime?: string; nextExecutionTime?: string; error?: { code: string; message: string } }
}

export interface Version {
  id: string
  name: string
  properties: { changedTime: string; createdTime: string; state: string }
}

/** triggerOf is the first trigger: its name and type. A workflow seldom has more. */
export function triggerOf(w: Workflow): { name: string; type: string } | undefined {
  const [first] = Object.entries(w.properties.definition.triggers ?? {})
  return first && { name: first[0], type: first[1].type ?? '' }
}

/** isCallable says whether a trigger is called by a request. */
export function isCallable(type: string): boolean {
  return ['request', 'manual', 'httpwebhook', 'apiconnectionwebhook', 'batch'].includes(type.toLowerCase())
}

/** environmentOf is the name of a workflow's environment, '' if it is in none. */
export function environmentOf(w: Workflow): string {
  const id = w.properties.integrationServiceEnvironment?.id
  return id === undefined ? '' : nameOf(id)
}
