import { BookGlobeRegular, LinkMultipleRegular, ListRegular } from '@fluentui/react-icons'
import { nameOf } from '../../api/id'
import { everyPane } from '../../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../../frame/ResourcePage'
import { DeleteNetworkButton } from '../DeleteNetworkButton'
import { zoneType } from '../resources'

const panes: Pane[] = [
  { title: 'Record sets', path: '', icon: ListRegular },
  { title: 'Virtual network links', path: 'virtual-network-links', icon: LinkMultipleRegular },
  ...everyPane,
]

/** ZonePage is the frame of a private DNS zone's panes. */
export function ZonePage() {
  const id = useResourceId(zoneType)
  const commands = (
    <DeleteNetworkButton id={id} noun="private DNS zone" then="/private-dns-zones">
      Its record sets and links go with it: the linked networks no longer know its names.
    </DeleteNetworkButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Private DNS zone" icon={BookGlobeRegular} panes={panes} commands={commands} />
}
