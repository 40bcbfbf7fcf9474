import { nameOf, typeOf } from '../api/id'
import type { Area } from '../frame/area'
import { ago } from '../frame/format'
import { ResourceLink } from '../frame/ResourceLink'
import { serviceOf } from '../frame/Search'
import { Panel } from './Panel'
import { recent } from './recent'

/** RecentCard shows the resources that were opened last in this browser. */
export function RecentCard({ areas }: { areas: Area[] }) {
  return (
    <Panel
      title="Recent"
      all={{ text: 'All resources', path: '/resources' }}
      empty="What you open is listed here."
      lines={recent().map((v) => ({
        key: v.id,
        name: <ResourceLink id={v.id}>{nameOf(v.id)}</ResourceLink>,
        side: (
          <>
            <span>{serviceOf(areas, v.id)?.singular ?? typeOf(v.id).split('/').pop()}</span>
            <span>{ago(v.at)}</span>
          </>
        ),
      }))}
    />
  )
}
