import {
  ArrowRoutingRegular,
  CheckmarkCircleRegular,
  DocumentTextRegular,
  EyeTrackingRegular,
  FlowchartRegular,
  RecordRegular,
  ShieldTaskRegular,
  StethoscopeRegular,
} from '@fluentui/react-icons'
import { nameOf } from '../../api/id'
import { DeleteButton } from '../../frame/DeleteButton'
import { everyPane } from '../../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../../frame/ResourcePage'
import { watcherType } from '../resources'

const panes: Pane[] = [
  { title: 'Topology', path: '', icon: FlowchartRegular },
  { title: 'IP flow verify', path: 'ip-flow-verify', icon: CheckmarkCircleRegular },
  { title: 'Next hop', path: 'next-hop', icon: ArrowRoutingRegular },
  { title: 'Connection troubleshoot', path: 'connection-troubleshoot', icon: StethoscopeRegular },
  { title: 'Effective rules', path: 'effective-rules', icon: ShieldTaskRegular },
  { title: 'Flow logs', path: 'flow-logs', icon: DocumentTextRegular },
  { title: 'Packet captures', path: 'packet-captures', icon: RecordRegular },
  ...everyPane,
]

/** WatcherPage is the frame of a network watcher's panes. */
export function WatcherPage() {
  const id = useResourceId(watcherType)
  const commands = (
    <DeleteButton id={id} noun="network watcher" then="/network-watchers">
      Its flow logs and packet captures go with it.
    </DeleteButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Network watcher" icon={EyeTrackingRegular} panes={panes} commands={commands} />
}
