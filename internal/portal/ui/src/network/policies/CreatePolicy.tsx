import { Field, Radio, RadioGroup } from '@fluentui/react-components'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { BasicsFields } from '../../frame/Basics'
import { basicsField, completeBasics, createResource, newId, useBasics } from '../../frame/creating'
import { FormDrawer } from '../../frame/FormDrawer'
import { useSaving } from '../../frame/saving'
import { resourceNameProblem } from '../name'
import { policyType } from '../resources'
import { baseHint, tiers } from './policy'
import { PolicyField } from './PolicyField'

/** CreatePolicy makes a firewall policy, and goes to it. */
export function CreatePolicy({ close }: { close: () => void }) {
  const navigate = useNavigate()
  const { subscription, draft, change, groups } = useBasics()
  const [tier, setTier] = useState('Standard')
  const [base, setBase] = useState('')
  const { problems, save } = useSaving((target) => (target.includes('basePolicy') ? ('base' as const) : basicsField(target)))
  const id = newId(subscription, policyType, draft)
  const body = { properties: { sku: { tier }, ...(base !== '' && { basePolicy: { id: base } }) } }
  const create = () =>
    save({ id, title: `Creating ${draft.name}`, done: `${draft.name} was created.`, target: id, send: (client) => createResource(client, subscription, policyType, draft, body) }, () => {
      close()
      void navigate(id)
    })
  return (
    <FormDrawer open close={close} title="Create firewall policy" save={create} saveLabel="Create" saveDisabled={!completeBasics(draft)} problems={problems.rest}>
      <BasicsFields
        draft={draft}
        change={change}
        groups={groups}
        nameProblem={problems.fields.name ?? (draft.name === '' ? '' : resourceNameProblem(draft.name))}
        locationProblem={problems.fields.location ?? ''}
      />
      <Field label="Tier">
        <RadioGroup layout="horizontal" value={tier} onChange={(_, data) => setTier(data.value)}>
          {tiers.map((t) => (
            <Radio key={t} value={t} label={t} />
          ))}
        </RadioGroup>
      </Field>
      <PolicyField label="Base policy" hint={baseHint} value={base} change={setBase} problem={problems.fields.base} />
    </FormDrawer>
  )
}
