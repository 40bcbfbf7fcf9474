import { Spinner, makeStyles, tokens } from '@fluentui/react-components'
import { CubeRegular } from '@fluentui/react-icons'
import { useLocation } from 'react-router'
import { nameOf, parseId, typeOf } from '../api/id'
import { useResource } from '../api/resources'
import { DeleteButton } from '../frame/DeleteButton'
import { ErrorView } from '../frame/ErrorView'
import { NotFoundPage } from '../frame/NotFoundPage'
import { Page } from '../frame/Page'

const useStyles = makeStyles({
  json: {
    margin: 0,
    padding: tokens.spacingHorizontalL,
    overflow: 'auto',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
})

/** AnyResourcePage is the page of a resource whose type has none of its own: the resource as it is. */
export function AnyResourcePage() {
  const styles = useStyles()
  const id = decodeURIComponent(useLocation().pathname).replace(/\/+$/, '')
  const known = parseId(id) !== undefined
  const resource = useResource<unknown>(id, { enabled: known })
  if (!known) return <NotFoundPage />
  return (
    <Page title={nameOf(id)} subtitle={typeOf(id)} icon={CubeRegular} commands={<DeleteButton id={id} noun="resource" then="/resources" />}>
      {resource.isPending && <Spinner label="Reading the resource" />}
      {resource.error && resource.data === undefined && <ErrorView error={resource.error} retry={() => void resource.refetch()} />}
      {resource.data !== undefined && (
        <pre className={styles.json} tabIndex={0} aria-label={`${nameOf(id)} as JSON`}>
          {JSON.stringify(resource.data.body, undefined, 2)}
        </pre>
      )}
    </Page>
  )
}
