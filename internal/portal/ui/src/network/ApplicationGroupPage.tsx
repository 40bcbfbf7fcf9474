import { PlugConnectedRegular, ShieldTaskRegular, TagMultipleRegular } from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { DeleteButton } from '../frame/DeleteButton'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { applicationType } from './resources'

const panes: Pane[] = [
  { title: 'Members', path: '', icon: PlugConnectedRegular },
  { title: 'Security rules', path: 'security-rules', icon: ShieldTaskRegular },
  ...everyPane,
]

/** ApplicationGroupPage is the frame of an application security group's panes. */
export function ApplicationGroupPage() {
  const id = useResourceId(applicationType)
  const commands = (
    <DeleteButton id={id} noun="application security group" then="/application-security-groups">
      It stays as long as it has members, or a rule names it.
    </DeleteButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Application security group" icon={TagMultipleRegular} panes={panes} commands={commands} />
}
