import {
  BoxMultipleRegular,
  CertificateRegular,
  ClipboardTaskRegular,
  DocumentRegular,
  FlowRegular,
  HandshakeRegular,
  InfoRegular,
  KeyRegular,
  MapRegular,
  PeopleRegular,
  PuzzlePieceRegular,
  StackRegular,
  type FluentIcon,
} from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { DeleteButton } from '../frame/DeleteButton'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { accountType } from './area'
import { kinds } from './kinds'

const icons: Record<string, FluentIcon> = {
  schemas: DocumentRegular,
  maps: MapRegular,
  partners: PeopleRegular,
  agreements: HandshakeRegular,
  certificates: CertificateRegular,
  assemblies: PuzzlePieceRegular,
  batchConfigurations: StackRegular,
  sessions: ClipboardTaskRegular,
}

/** iconOf is the icon of a kind of artifact. */
export function iconOf(segment: string): FluentIcon {
  return icons[segment] ?? DocumentRegular
}

const panes: Pane[] = [
  { title: 'Overview', path: '', icon: InfoRegular },
  ...kinds().map((k) => ({ title: k.title, path: k.segment, icon: iconOf(k.segment) })),
  { title: 'Workflows', path: 'workflows', icon: FlowRegular },
  { title: 'Callback URL and keys', path: 'callback-url-and-keys', icon: KeyRegular },
  ...everyPane,
]

export function AccountPage() {
  const id = useResourceId(accountType)
  const commands = (
    <DeleteButton id={id} noun="integration account" then="/integration-accounts">
      All of its artifacts go with it. It stays as long as a workflow uses it.
    </DeleteButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Integration account" icon={BoxMultipleRegular} panes={panes} commands={commands} />
}
