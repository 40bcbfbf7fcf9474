import { FireRegular, InfoRegular, ListRegular } from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { DeleteButton } from '../frame/DeleteButton'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { firewallType } from './resources'

const panes: Pane[] = [
  { title: 'Overview', path: '', icon: InfoRegular },
  { title: 'Rules', path: 'rules', icon: ListRegular },
  ...everyPane,
]

export function FirewallPage() {
  const id = useResourceId(firewallType)
  const commands = (
    <DeleteButton id={id} noun="firewall" then="/firewalls">
      Routes that lead to it are denied from then on.
    </DeleteButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Firewall" icon={FireRegular} panes={panes} commands={commands} />
}
