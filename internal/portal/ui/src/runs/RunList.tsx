import { Dropdown, Field, makeStyles, Option, OptionGroup } from '@fluentui/react-components'
import { HistoryRegular } from '@fluentui/react-icons'
import { useSearchParams } from 'react-router'
import { nameAmong, nameOf, typeOf } from '../api/id'
import { useAll, useResourceGroups, useSubscription } from '../api/subscription'
import { Page } from '../frame/Page'
import { RunBrowser } from './RunBrowser'

const useStyles = makeStyles({ scope: { maxWidth: '360px' } })

const environmentType = 'Microsoft.Logic/integrationServiceEnvironments'

/** RunList finds runs of everything, of one environment, or of one resource group. */
export function RunList() {
  const styles = useStyles()
  const [params, setParams] = useSearchParams()
  const subscription = useSubscription()
  const environments = useAll<{ id: string }>(environmentType)
  const groups = useResourceGroups(subscription)
  const where = params.get('where') ?? ''
  const choose = (id: string) => {
    const next = new URLSearchParams(params)
    if (id === '') next.delete('where')
    else next.set('where', id)
    if (id === '') next.delete('workflow') // lists of a subscription do not know it
    setParams(next, { replace: true })
  }
  return (
    <Page title="Runs" icon={HistoryRegular}>
      <Field label="Where" className={styles.scope}>
        <Dropdown selectedOptions={[where]} value={where === '' ? 'Everywhere' : isGroup(where) ? groupText(where) : nameAmong(where, environments.data)} onOptionSelect={(_, data) => choose(data.optionValue ?? '')}>
          <Option value="">Everywhere</Option>
          <OptionGroup label="Environments">
            {(environments.data ?? []).map((e) => (
              <Option key={e.id} value={e.id}>
                {nameAmong(e.id, environments.data)}
              </Option>
            ))}
          </OptionGroup>
          <OptionGroup label="Resource groups">
            {(groups.data ?? []).map((g) => (
              <Option key={g.id} value={g.id}>
                {groupText(g.id)}
              </Option>
            ))}
          </OptionGroup>
        </Dropdown>
      </Field>
      <RunBrowser path={pathOf(where, subscription)} named={where !== ''} />
    </Page>
  )
}

function isGroup(id: string): boolean {
  return typeOf(id) === 'Microsoft.Resources/resourceGroups'
}

/** groupText is a group's name beside those of environments, which may be the same. */
function groupText(id: string): string {
  return `${nameOf(id)} (resource group)`
}

/** pathOf is the list of the runs of an environment or a resource group; of all for ''. */
function pathOf(where: string, subscription: string): string {
  if (where === '') return subscription === '' ? '' : `/subscriptions/${subscription}/providers/Microsoft.Logic/runs`
  return isGroup(where) ? `${where}/providers/Microsoft.Logic/runs` : `${where}/runs`
}
