import { ArrowExitRegular, InfoRegular, SplitHorizontalRegular } from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { DeleteNetworkButton } from './DeleteNetworkButton'
import { natType } from './resources'

const panes: Pane[] = [
  { title: 'Overview', path: '', icon: InfoRegular },
  { title: 'Subnets', path: 'subnets', icon: SplitHorizontalRegular },
  ...everyPane,
]

/** NatGatewayPage is the frame of a NAT gateway's panes. */
export function NatGatewayPage() {
  const id = useResourceId(natType)
  const commands = (
    <DeleteNetworkButton id={id} noun="NAT gateway" then="/nat-gateways">
      It stays as long as a subnet uses it. Its public addresses stay, and are free.
    </DeleteNetworkButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="NAT gateway" icon={ArrowExitRegular} panes={panes} commands={commands} />
}
