import { ToolbarButton } from '@fluentui/react-components'
import { InfoRegular, LinkMultipleRegular, MapRegular, PlugConnectedRegular, SplitHorizontalRegular, VirtualNetworkRegular } from '@fluentui/react-icons'
import { useNavigate } from 'react-router'
import { nameOf } from '../api/id'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { DeleteNetworkButton } from './DeleteNetworkButton'
import { networkType } from './resources'

const panes: Pane[] = [
  { title: 'Overview', path: '', icon: InfoRegular },
  { title: 'Subnets', path: 'subnets', icon: SplitHorizontalRegular },
  { title: 'Peerings', path: 'peerings', icon: LinkMultipleRegular },
  { title: 'Attached machines', path: 'attached-machines', icon: PlugConnectedRegular },
  ...everyPane,
]

export function VirtualNetworkPage() {
  const id = useResourceId(networkType)
  const navigate = useNavigate()
  const commands = (
    <>
      <ToolbarButton icon={<MapRegular />} onClick={() => void navigate(`/network-map?network=${encodeURIComponent(id)}`)}>
        Show on map
      </ToolbarButton>
      <DeleteNetworkButton id={id} noun="virtual network" then="/virtual-networks">
        Its subnets go with it. It stays as long as anything is in one of them.
      </DeleteNetworkButton>
    </>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Virtual network" icon={VirtualNetworkRegular} panes={panes} commands={commands} />
}
