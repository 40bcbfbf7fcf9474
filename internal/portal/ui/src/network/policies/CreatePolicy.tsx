import { Field, Radio, RadioGroup } from '@fluentui/react-components'
import { useState } from 'react'
import { CreateSimple } from '../CreateSimple'
import { policyType } from '../resources'
import { baseHint, tiers } from './policy'
import { PolicyField } from './PolicyField'

/** CreatePolicy makes a firewall policy, and goes to it. */
export function CreatePolicy({ close }: { close: () => void }) {
  const [tier, setTier] = useState('Standard')
  const [base, setBase] = useState('')
  const body = { properties: { sku: { tier }, ...(base !== '' && { basePolicy: { id: base } }) } }
  return (
    <CreateSimple close={close} type={policyType} title="Create firewall policy" body={body} fieldOf={(target) => (target.includes('basePolicy') ? 'base' : undefined)}>
      {(problemOf) => (
        <>
          <Field label="Tier">
            <RadioGroup layout="horizontal" value={tier} onChange={(_, data) => setTier(data.value)}>
              {tiers.map((t) => (
                <Radio key={t} value={t} label={t} />
              ))}
            </RadioGroup>
          </Field>
          <PolicyField label="Base policy" hint={baseHint} value={base} change={setBase} problem={problemOf('base')} />
        </>
      )}
    </CreateSimple>
  )
}
