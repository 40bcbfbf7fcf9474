import { Fragment } from 'react'
import { sameId } from '../api/id'
import { useAll } from '../api/subscription'
import { ResourceLink } from '../frame/ResourceLink'
import { addressType, type PublicAddress } from './resources'

/** PublicLinks leads to public addresses, and says which they are. */
export function PublicLinks({ ids }: { ids: string[] }) {
  const all = useAll<PublicAddress>(addressType)
  const addressOf = (id: string) => all.data?.find((a) => sameId(a.id, id))?.properties.ipAddress
  return ids.map((id, i) => (
    <Fragment key={id}>
      {i > 0 && ', '}
      <ResourceLink id={id} /> {addressOf(id) !== undefined && `(${addressOf(id)})`}
    </Fragment>
  ))
}
