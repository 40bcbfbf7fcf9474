import { sameId } from '../api/id'
import { useAll } from '../api/subscription'
import { ResourceLinks } from '../frame/ResourceLinks'
import { addressType, type PublicAddress } from './resources'

/** PublicLinks leads to public addresses, and says which they are. */
export function PublicLinks({ ids }: { ids: string[] }) {
  const all = useAll<PublicAddress>(addressType)
  return <ResourceLinks ids={ids} about={(id) => all.data?.find((a) => sameId(a.id, id))?.properties.ipAddress} />
}
