import { ShieldSettingsRegular, GlobeSearchRegular, InfoRegular, ListRegular } from '@fluentui/react-icons'
import { nameOf } from '../../api/id'
import { everyPane } from '../../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../../frame/ResourcePage'
import { DeleteNetworkButton } from '../DeleteNetworkButton'
import { policyType } from '../resources'

const panes: Pane[] = [
  { title: 'Overview', path: '', icon: InfoRegular },
  { title: 'Rule collection groups', path: 'rule-collection-groups', icon: ListRegular },
  { title: 'DNS', path: 'dns', icon: GlobeSearchRegular },
  ...everyPane,
]

/** PolicyPage is the frame of a firewall policy's panes. */
export function PolicyPage() {
  const id = useResourceId(policyType)
  const commands = (
    <DeleteNetworkButton id={id} noun="firewall policy" then="/firewall-policies">
      It stays as long as a firewall has it, or another policy is based on it.
    </DeleteNetworkButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Firewall policy" icon={ShieldSettingsRegular} panes={panes} commands={commands} />
}
