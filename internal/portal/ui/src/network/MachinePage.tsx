import { InfoRegular, PlugConnectedRegular, ShieldTaskRegular } from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { DeleteNetworkButton } from './DeleteNetworkButton'
import { interfaceType } from './resources'

const panes: Pane[] = [{ title: 'Overview', path: '', icon: InfoRegular }, { title: 'Effective rules', path: 'effective-rules', icon: ShieldTaskRegular }, ...everyPane]

/** MachinePage is the frame of a network interface's panes: an attached machine. */
export function MachinePage() {
  const id = useResourceId(interfaceType)
  const commands = (
    <DeleteNetworkButton id={id} noun="network interface" then="/attached-machines">
      What is attached by it is no longer part of the network.
    </DeleteNetworkButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Network interface" icon={PlugConnectedRegular} panes={panes} commands={commands} />
}
