import { FireRegular, InfoRegular, ListRegular } from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { DeleteNetworkButton } from './DeleteNetworkButton'
import { firewallType } from './resources'

const panes: Pane[] = [
  { title: 'Overview', path: '', icon: InfoRegular },
  { title: 'Rules', path: 'rules', icon: ListRegular },
  ...everyPane,
]

export function FirewallPage() {
  const id = useResourceId(firewallType)
  const commands = (
    <DeleteNetworkButton id={id} noun="firewall" then="/firewalls">
      Routes that lead to it are denied from then on.
    </DeleteNetworkButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Firewall" icon={FireRegular} panes={panes} commands={commands} />
}
