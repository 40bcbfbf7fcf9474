import { nameAmong } from '../api/id'
import { useResources } from '../api/resources'
import { useSubscription } from '../api/subscription'
import { environmentType, type Environment } from '../environments/environment'
import { ResourceLink } from '../frame/ResourceLink'
import { StateBadge } from '../frame/StateBadge'
import { Panel } from './Panel'

const most = 6

/** EnvironmentsCard shows how the environments do. */
export function EnvironmentsCard() {
  const subscription = useSubscription()
  const list = useResources<Environment>(`/subscriptions/${subscription}/providers/${environmentType}`, { enabled: subscription !== '', every: 15_000 })
  return (
    <Panel
      title="Environments"
      all={{ text: 'All environments', path: '/environments' }}
      error={list.error}
      empty="There is none yet: the list makes one."
      lines={list.data?.slice(0, most).map((e) => ({
        key: e.id,
        name: <ResourceLink id={e.id}>{nameAmong(e.id, list.data)}</ResourceLink>,
        side: <StateBadge state={e.properties.provisioningState === 'Succeeded' ? (e.properties.networkHealth?.state ?? 'Unknown') : (e.properties.provisioningState ?? '')} />,
      }))}
    />
  )
}
