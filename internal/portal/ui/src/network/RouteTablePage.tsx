import { ArrowRoutingRegular, SplitHorizontalRegular, TableRegular } from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { DeleteNetworkButton } from './DeleteNetworkButton'
import { tableType } from './resources'

const panes: Pane[] = [
  { title: 'Routes', path: '', icon: ArrowRoutingRegular },
  { title: 'Subnets', path: 'subnets', icon: SplitHorizontalRegular },
  ...everyPane,
]

export function RouteTablePage() {
  const id = useResourceId(tableType)
  const commands = (
    <DeleteNetworkButton id={id} noun="route table" then="/route-tables">
      It stays as long as a subnet uses it.
    </DeleteNetworkButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Route table" icon={TableRegular} panes={panes} commands={commands} />
}
