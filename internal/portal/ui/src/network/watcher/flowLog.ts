// Flow logs of a network watcher (armnetwork FlowLog).

import { groupId, parseId } from '../../api/id'

export interface FlowLog {
  id: string
  name: string
  location?: string
  etag?: string
  tags?: Record<string, string>
  properties: {
    targetResourceId: string
    storageId: string
    enabled?: boolean
    retentionPolicy?: { days?: number; enabled?: boolean }
    format?: { type?: string; version?: number }
    enabledFilteringCriteria?: string
    recordTypes?: string
  }
}

/** FlowLogDraft is a flow log as the form has it. */
export interface FlowLogDraft {
  name: string
  target: string // ID
  enabled: boolean
  days: string // that files are kept; 0: for ever
  version: number
}

export const newFlowLog: FlowLogDraft = { name: '', target: '', enabled: true, days: '0', version: 2 }

export function flowLogDraft({ name, properties: p }: FlowLog): FlowLogDraft {
  return { name, target: p.targetResourceId, enabled: p.enabled ?? true, days: String(p.retentionPolicy?.enabled === true ? (p.retentionPolicy.days ?? 0) : 0), version: p.format?.version ?? 2 }
}

/** storageOf is the ID of a storage account, which a flow log has to name; the files lie in the server's data folder. */
export function storageOf(watcher: string): string {
  const { subscription = '', group = '' } = parseId(watcher) ?? {}
  return `${groupId(subscription, group)}/providers/Microsoft.Storage/storageAccounts/flowlogs`
}

/** flowLogBody is what a PUT sends; what is not of the form stays as it was read. */
export function flowLogBody(draft: FlowLogDraft, location: string, storageId: string, read?: FlowLog): { location: string; tags?: Record<string, string>; properties: FlowLog['properties'] } {
  const days = Number(draft.days)
  return {
    location,
    ...(read?.tags && { tags: read.tags }),
    properties: {
      ...read?.properties,
      targetResourceId: draft.target,
      storageId,
      enabled: draft.enabled,
      retentionPolicy: { days, enabled: days > 0 },
      format: { type: 'JSON', version: draft.version },
    },
  }
}

export function daysProblem(text: string): string {
  return /^\d+$/.test(text) && Number(text) <= 365 ? '' : 'Give whole days from 0, for ever, to 365.'
}

/** retentionText says how long files are kept. */
export function retentionText({ properties: { retentionPolicy: r } }: FlowLog): string {
  if (r?.enabled !== true || !r.days) return 'For ever'
  return r.days === 1 ? '1 day' : `${r.days} days`
}
