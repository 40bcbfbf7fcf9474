import { Spinner, makeStyles, tokens } from '@fluentui/react-components'
import { nameOf } from '../api/id'
import { useResource } from '../api/resources'
import { ErrorView } from '../frame/ErrorView'
import { useScope } from '../frame/scope'

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

/** ResourceText is the resource of the page as it is. */
export function ResourceText() {
  const styles = useStyles()
  const id = useScope()
  const resource = useResource<unknown>(id)
  if (resource.error && resource.data === undefined) return <ErrorView error={resource.error} retry={() => void resource.refetch()} />
  if (resource.data === undefined) return <Spinner label="Reading the resource" />
  return (
    <pre className={styles.json} tabIndex={0} aria-label={`${nameOf(id)} as JSON`}>
      {JSON.stringify(resource.data.body, undefined, 2)}
    </pre>
  )
}
