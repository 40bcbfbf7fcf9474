import { BracesRegular, CubeRegular } from '@fluentui/react-icons'
import { useLocation } from 'react-router'
import { nameOf, parseId, typeOf } from '../api/id'
import { DeleteButton } from '../frame/DeleteButton'
import { everyPane } from '../frame/everywhere'
import { NotFoundPage } from '../frame/NotFoundPage'
import { Page } from '../frame/Page'
import { ResourcePage, type Pane } from '../frame/ResourcePage'
import { useScope } from '../frame/scope'
import { ResourceText } from './ResourceText'

const panes: Pane[] = [{ title: 'JSON', path: '', icon: BracesRegular }, ...everyPane]

/** AnyResourcePage is the frame of the panes of a resource whose type has no page of its own. */
export function AnyResourcePage() {
  const id = useScope()
  return <ResourcePage title={nameOf(id)} subtitle={typeOf(id)} icon={CubeRegular} panes={panes} commands={<DeleteButton id={id} noun="resource" then="/resources" />} />
}

/** PartPage is the page of a part of another resource whose type has no page of its own. */
export function PartPage() {
  const id = decodeURIComponent(useLocation().pathname).replace(/\/+$/, '')
  if (parseId(id) === undefined) return <NotFoundPage />
  return (
    <Page title={nameOf(id)} subtitle={typeOf(id)} icon={CubeRegular} commands={<DeleteButton id={id} noun="resource" then="/resources" />}>
      <ResourceText />
    </Page>
  )
}
