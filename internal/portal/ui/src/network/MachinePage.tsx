import { InfoRegular, PlugConnectedRegular } from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { DeleteButton } from '../frame/DeleteButton'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { interfaceType } from './resources'

const panes: Pane[] = [{ title: 'Overview', path: '', icon: InfoRegular }, ...everyPane]

/** MachinePage is the frame of a network interface's panes: an attached machine. */
export function MachinePage() {
  const id = useResourceId(interfaceType)
  const commands = (
    <DeleteButton id={id} noun="network interface" then="/attached-machines">
      What is attached by it is no longer part of the network.
    </DeleteButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Network interface" icon={PlugConnectedRegular} panes={panes} commands={commands} />
}
