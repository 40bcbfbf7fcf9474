import { Button, Dropdown, Field, Input, makeStyles, Option, Radio, RadioGroup, Switch, tokens } from '@fluentui/react-components'
import { FlowRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { groupOf, nameAmong, nameOf, providerId, sameId } from '../api/id'
import { useResources } from '../api/resources'
import { useResourceGroups, useSubscription } from '../api/subscription'
import { ErrorView } from '../frame/ErrorView'
import { useChange } from '../frame/notifications'
import { Page } from '../frame/Page'
import { definitionOf, starts } from './starts'
import { workflowType } from './workflow'

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL, maxWidth: '560px' },
  bar: { display: 'flex', columnGap: tokens.spacingHorizontalM },
  option: { display: 'block', color: tokens.colorNeutralForeground3 },
})

interface Environment {
  id: string
  name: string
  location: string
}

/** NewWorkflow creates a logic app, and goes on to its definition. */
export function NewWorkflow() {
  const styles = useStyles()
  const [params] = useSearchParams()
  const subscription = useSubscription()
  const groups = useResourceGroups(subscription)
  const environments = useResources<Environment>(`/subscriptions/${subscription}/providers/Microsoft.Logic/integrationServiceEnvironments`, { enabled: subscription !== '' })
  const [name, setName] = useState('')
  const [group, setGroup] = useState(params.get('group') ?? '')
  const [environment, setEnvironment] = useState(params.get('environment') ?? '')
  const [start, setStart] = useState('request')
  const [stateless, setStateless] = useState(false)
  const { create, busy, error } = useCreate()
  const home = environments.data?.find((e) => sameId(e.id, environment))
  const chosenGroup = group || groupOf(home?.id ?? '') || (groups.data?.[0]?.name ?? '')
  const location = home?.location ?? groups.data?.find((g) => g.name === chosenGroup)?.location ?? ''
  const wrong = name !== '' && !/^[\w\-().]{1,80}$/.test(name)
  const ready = name !== '' && !wrong && chosenGroup !== '' && location !== ''
  return (
    <Page title="Create a logic app" icon={FlowRegular}>
      <form
        className={styles.form}
        onSubmit={(e) => {
          e.preventDefault()
          if (ready) create(providerId(subscription, chosenGroup, workflowType, name), { location, environment, start, stateless })
        }}
      >
        <Field
          label="Name"
          required
          validationState={wrong ? 'error' : 'none'}
          {...(wrong && { validationMessage: 'Letters, numbers, hyphens, underscores, parentheses and periods, up to 80.' })}
        >
          <Input value={name} onChange={(_, data) => setName(data.value)} autoFocus />
        </Field>
        <Field label="Resource group" required>
          <Dropdown selectedOptions={[chosenGroup]} value={chosenGroup} onOptionSelect={(_, data) => setGroup(data.optionValue ?? '')}>
            {(groups.data ?? []).map((g) => (
              <Option key={g.name}>{g.name}</Option>
            ))}
          </Dropdown>
        </Field>
        <Field label="Environment" hint="It runs in the network of its environment, and cannot move to another later.">
          <Dropdown selectedOptions={[environment]} value={environment === '' ? 'None' : nameAmong(environment, environments.data)} onOptionSelect={(_, data) => setEnvironment(data.optionValue ?? '')}>
            <Option value="">None</Option>
            {(environments.data ?? []).map((e) => (
              <Option key={e.id} value={e.id}>
                {nameAmong(e.id, environments.data)}
              </Option>
            ))}
          </Dropdown>
        </Field>
        <Field label="Begin with">
          <RadioGroup value={start} onChange={(_, data) => setStart(data.value)}>
            {starts.map((s) => (
              <Radio
                key={s.key}
                value={s.key}
                label={
                  <>
                    {s.title}
                    <span className={styles.option}>{s.text}</span>
                  </>
                }
              />
            ))}
          </RadioGroup>
        </Field>
        <Switch label="Stateless: keeps only the history of runs that do not succeed" checked={stateless} onChange={(_, data) => setStateless(data.checked)} />
        {error !== undefined && <ErrorView error={error} title="It was not created" />}
        <div className={styles.bar}>
          <Button type="submit" appearance="primary" disabled={!ready || busy}>
            {busy ? 'Creating' : 'Create'}
          </Button>
        </div>
      </form>
    </Page>
  )
}

interface Choice {
  location: string
  environment: string
  start: string
  stateless: boolean
}

/** useCreate makes a workflow, which must not be there yet. */
function useCreate() {
  const change = useChange()
  const navigate = useNavigate()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const create = (id: string, choice: Choice) => {
    setBusy(true)
    setError(undefined)
    const name = nameOf(id)
    void change({ title: `Creating ${name}`, done: `${name} was created.`, id, target: id, send: (c) => c.put(id, bodyOf(choice), { ifNoneMatch: '*' }) })
      .then(() => navigate(`${id}/definition`), setError)
      .finally(() => setBusy(false))
  }
  return { create, busy, error }
}

function bodyOf({ location, environment, start, stateless }: Choice): unknown {
  const chosen = starts.find((s) => s.key === start)
  const properties = { state: 'Enabled', definition: chosen && definitionOf(chosen), ...(environment !== '' && { integrationServiceEnvironment: { id: environment } }) }
  return { location, ...(stateless && { kind: 'Stateless' }), properties }
}
