import { useResource } from '../api/resources'
import { nameOf, parentOf } from '../api/id'
import type { Page } from '../api/list'
import type { WorkflowRun } from '../api/models/logic'
import { useSubscription } from '../api/subscription'
import { ago, timeOf } from '../frame/format'
import { ResourceLink } from '../frame/ResourceLink'
import { Panel } from './Panel'

const most = 6

/** FailedRunsCard shows the last runs that failed, of all workflows. */
export function FailedRunsCard() {
  const subscription = useSubscription()
  const runs = useResource<Page<WorkflowRun & { id: string }>>(`/subscriptions/${subscription}/providers/Microsoft.Logic/runs`, {
    query: { $filter: "status eq 'Failed'", $top: most },
    enabled: subscription !== '',
    every: 15_000,
  })
  return (
    <Panel
      title="Failed runs"
      all={{ text: 'All runs', path: '/runs' }}
      error={runs.error}
      empty="None has failed."
      lines={runs.data?.body.value.slice(0, most).map((r) => ({
        key: r.id,
        name: <ResourceLink id={r.id}>{nameOf(parentOf(r.id))}</ResourceLink>,
        side: <span title={timeOf(r.properties?.startTime)}>{ago(r.properties?.startTime ?? '')}</span>,
      }))}
    />
  )
}
