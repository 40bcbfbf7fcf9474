import { GlobeRegular, InfoRegular } from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { DeleteNetworkButton } from './DeleteNetworkButton'
import { addressType } from './resources'

const panes: Pane[] = [{ title: 'Overview', path: '', icon: InfoRegular }, ...everyPane]

/** PublicAddressPage is the frame of a public address's panes. */
export function PublicAddressPage() {
  const id = useResourceId(addressType)
  const commands = (
    <DeleteNetworkButton id={id} noun="public IP address" then="/public-ip-addresses">
      It stays as long as anything uses it.
    </DeleteNetworkButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Public IP address" icon={GlobeRegular} panes={panes} commands={commands} />
}
