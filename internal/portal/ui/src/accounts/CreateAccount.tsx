import { Dropdown, Field, Option, Radio, RadioGroup } from '@fluentui/react-components'
import { BoxMultipleRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { nameAmong } from '../api/id'
import { useNavigate } from 'react-router'
import { BasicsFields } from '../frame/Basics'
import { CreateCard, CreateForm } from '../frame/CreateForm'
import { useSaving } from '../frame/saving'
import { basicsField, completeBasics, createResource, newId, useBasics } from '../frame/creating'
import { useAll } from '../api/subscription'
import { environmentType, type Environment } from '../network/resources'
import { skus } from './account'
import { accountType } from './area'
import { nameProblem } from './kind'

/** CreateAccount makes an integration account, in an environment or in none. */
export function CreateAccount() {
  const navigate = useNavigate()
  const { subscription, draft, change, groups } = useBasics()
  const environments = useAll<Environment>(environmentType)
  const [environment, setEnvironment] = useState('')
  const [sku, setSku] = useState('Standard')
  const { problems, save } = useSaving(basicsField)
  const home = environments.data?.find((e) => e.id === environment)
  const placed = home === undefined ? draft : { ...draft, location: home.location } // an account is where its environment is
  const id = newId(subscription, accountType, draft)
  const ready = completeBasics(placed) && nameProblem(draft.name) === ''
  const body = { sku: { name: sku }, properties: { state: 'Enabled', ...(home === undefined ? {} : { integrationServiceEnvironment: { id: home.id } }) } }
  const create = () =>
    save(
      { id, title: `Creating ${draft.name}`, done: `${draft.name} was created.`, target: id, send: (client) => createResource(client, subscription, accountType, placed, body) },
      () => void navigate(id),
    )
  return (
    <CreateForm title="Create integration account" icon={BoxMultipleRegular} problems={problems.rest} ready={ready} create={create} cancel={() => void navigate('/integration-accounts')}>
      <CreateCard title="Basics">
        <BasicsFields
          draft={placed}
          change={change}
          groups={groups}
          nameProblem={problems.fields.name ?? (draft.name === '' ? '' : nameProblem(draft.name))}
          locationProblem={problems.fields.location ?? ''}
        />
        <Field label="Integration service environment" hint="Workflows use the accounts of their own environment. This cannot be changed later.">
          <Dropdown value={home === undefined ? 'None' : nameAmong(home.id, environments.data)} selectedOptions={[environment]} onOptionSelect={(_, data) => setEnvironment(data.optionValue ?? '')}>
            <Option value="">None</Option>
            {(environments.data ?? []).map((e) => (
              <Option key={e.id} value={e.id}>
                {nameAmong(e.id, environments.data)}
              </Option>
            ))}
          </Dropdown>
        </Field>
        <Field label="Pricing tier" hint="How many artifacts it may have">
          <RadioGroup layout="horizontal" value={sku} onChange={(_, data) => setSku(data.value)}>
            {skus.map((s) => (
              <Radio key={s} value={s} label={s} />
            ))}
          </RadioGroup>
        </Field>
      </CreateCard>
    </CreateForm>
  )
}
