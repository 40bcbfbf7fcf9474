import { Dropdown, Field, makeStyles, Option } from '@fluentui/react-components'
import { HistoryRegular } from '@fluentui/react-icons'
import { useSearchParams } from 'react-router'
import { nameAmong } from '../api/id'
import { useResources } from '../api/resources'
import { useSubscription } from '../api/subscription'
import { Page } from '../frame/Page'
import { RunBrowser } from './RunBrowser'

const useStyles = makeStyles({ scope: { maxWidth: '360px' } })

const environmentType = 'Microsoft.Logic/integrationServiceEnvironments'

/** RunList finds runs of everything, or of one environment. */
export function RunList() {
  const styles = useStyles()
  const [params, setParams] = useSearchParams()
  const subscription = useSubscription()
  const environments = useResources<{ id: string; name: string }>(`/subscriptions/${subscription}/providers/${environmentType}`, { enabled: subscription !== '' })
  const scope = params.get('environment') ?? ''
  const path = scope !== '' ? `${scope}/runs` : subscription === '' ? '' : `/subscriptions/${subscription}/providers/Microsoft.Logic/runs`
  const choose = (id: string) => {
    const next = new URLSearchParams(params)
    if (id === '') next.delete('environment')
    else next.set('environment', id)
    if (id === '') next.delete('workflow') // lists of a subscription do not know it
    setParams(next, { replace: true })
  }
  return (
    <Page title="Runs" icon={HistoryRegular}>
      <Field label="Where" className={styles.scope}>
        <Dropdown selectedOptions={[scope]} value={scope === '' ? 'Everywhere' : nameAmong(scope, environments.data)} onOptionSelect={(_, data) => choose(data.optionValue ?? '')}>
          <Option value="">Everywhere</Option>
          {(environments.data ?? []).map((e) => (
            <Option key={e.id} value={e.id}>
              {nameAmong(e.id, environments.data)}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <RunBrowser path={path} named={scope !== ''} />
    </Page>
  )
}
