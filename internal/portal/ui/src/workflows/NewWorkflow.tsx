import { Dropdown, Field, makeStyles, Option, Radio, RadioGroup, Switch, tokens } from '@fluentui/react-components'
import { FlowRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { groupOf, nameAmong, sameId } from '../api/id'
import { useAll } from '../api/subscription'
import { BasicsFields } from '../frame/Basics'
import { CreateCard, CreateForm } from '../frame/CreateForm'
import { basicsField, completeBasics, createResource, newId, useBasics } from '../frame/creating'
import { useSaving } from '../frame/saving'
import { definitionOf, starts } from './starts'
import { workflowType } from './workflow'

const useStyles = makeStyles({ option: { display: 'block', color: tokens.colorNeutralForeground3 } })

interface Environment {
  id: string
  location: string
}

/** NewWorkflow creates a logic app, and goes on to its definition. The address may name an environment. */
export function NewWorkflow() {
  const styles = useStyles()
  const navigate = useNavigate()
  const [params] = useSearchParams()
  const environments = useAll<Environment>('Microsoft.Logic/integrationServiceEnvironments').data ?? []
  const [environment, setEnvironment] = useState(params.get('environment') ?? '')
  const { subscription, draft: typed, change, groups } = useBasics(groupOf(environment))
  const [start, setStart] = useState('request')
  const [stateless, setStateless] = useState(false)
  const { problems, save } = useSaving(basicsField)
  const home = environments.find((e) => sameId(e.id, environment))
  const draft = home === undefined ? typed : { ...typed, location: home.location }
  const wrong = draft.name === '' || /^[\w\-().]{1,80}$/.test(draft.name) ? '' : 'Letters, numbers, hyphens, underscores, parentheses and periods, up to 80.'
  const id = newId(subscription, workflowType, draft)
  const chosen = starts.find((s) => s.key === start)
  const body = {
    ...(stateless && { kind: 'Stateless' }),
    properties: { state: 'Enabled', definition: chosen && definitionOf(chosen), ...(environment !== '' && { integrationServiceEnvironment: { id: environment } }) },
  }
  const create = () =>
    save(
      { title: `Creating ${draft.name}`, done: `${draft.name} was created.`, id, target: id, send: (client) => createResource(client, subscription, workflowType, draft, body) },
      () => void navigate(`${id}/definition`),
    )
  const ready = completeBasics(draft) && wrong === '' && (environment === '' || home !== undefined)
  return (
    <CreateForm title="Create a logic app" icon={FlowRegular} problems={problems.rest} ready={ready} create={create} cancel={() => void navigate('/workflows')}>
      <CreateCard title="Basics">
        <BasicsFields
          draft={draft}
          change={change}
          groups={groups}
          nameProblem={problems.fields.name ?? wrong}
          locationProblem={problems.fields.location ?? ''}
          {...(home !== undefined && { locationHint: 'That of its environment' })}
        />
        <Field label="Environment" hint="It runs in the network of its environment, and cannot move to another later.">
          <Dropdown selectedOptions={[environment]} value={environment === '' ? 'None' : nameAmong(environment, environments)} onOptionSelect={(_, data) => setEnvironment(data.optionValue ?? '')}>
            <Option value="">None</Option>
            {environments.map((e) => (
              <Option key={e.id} value={e.id}>
                {nameAmong(e.id, environments)}
              </Option>
            ))}
          </Dropdown>
        </Field>
      </CreateCard>
      <CreateCard title="Definition">
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
      </CreateCard>
    </CreateForm>
  )
}
