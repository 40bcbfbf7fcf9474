import { Dropdown, Field, Option, Spinner, makeStyles } from '@fluentui/react-components'
import { HeartPulseRegular, ServerMultipleRegular } from '@fluentui/react-icons'
import { useSearchParams } from 'react-router'
import { groupOf, sameId } from '../api/id'
import { EmptyState } from '../frame/EmptyState'
import { ErrorView } from '../frame/ErrorView'
import { Page } from '../frame/Page'
import { HealthPane } from './HealthPane'
import { useAll } from '../api/subscription'
import { environmentType, type Environment } from './resources'

const useStyles = makeStyles({ choice: { maxWidth: '420px' } })

/** HealthPage is the network health of the environment that the address names, or of the first one. */
export function HealthPage() {
  const styles = useStyles()
  const environments = useAll<Environment>(environmentType)
  const [query, setQuery] = useSearchParams()
  const chosen = environments.data?.find((e) => sameId(e.id, query.get('environment') ?? '')) ?? environments.data?.[0]
  return (
    <Page title="Network health" icon={HeartPulseRegular}>
      {environments.error && <ErrorView error={environments.error} retry={() => void environments.refetch()} />}
      {environments.isPending && <Spinner label="Reading the environments" />}
      {environments.data?.length === 0 && (
        <EmptyState icon={ServerMultipleRegular} title="No environments yet" text="Network health tells which ports an environment needs, and what closes them." />
      )}
      {chosen && (
        <>
          <Field label="Environment" className={styles.choice}>
            <Dropdown value={chosen.name} selectedOptions={[chosen.id]} onOptionSelect={(_, data) => setQuery({ environment: data.optionValue ?? '' })}>
              {environments.data?.map((e) => (
                <Option key={e.id} value={e.id} text={e.name}>
                  {`${e.name} (${groupOf(e.id)})`}
                </Option>
              ))}
            </Dropdown>
          </Field>
          <HealthPane key={chosen.id} environment={chosen.id} />
        </>
      )}
    </Page>
  )
}
