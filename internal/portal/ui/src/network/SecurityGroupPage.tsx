import { ShieldRegular, ShieldTaskRegular, SplitHorizontalRegular } from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { DeleteNetworkButton } from './DeleteNetworkButton'
import { groupType } from './resources'

const panes: Pane[] = [
  { title: 'Security rules', path: '', icon: ShieldTaskRegular },
  { title: 'Subnets', path: 'subnets', icon: SplitHorizontalRegular },
  ...everyPane,
]

export function SecurityGroupPage() {
  const id = useResourceId(groupType)
  const commands = (
    <DeleteNetworkButton id={id} noun="network security group" then="/network-security-groups">
      It stays as long as a subnet or an interface uses it.
    </DeleteNetworkButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Network security group" icon={ShieldRegular} panes={panes} commands={commands} />
}
