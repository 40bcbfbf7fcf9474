import { Dropdown, Field, Option } from '@fluentui/react-components'
import { nameOf, sameId } from '../../api/id'
import { useAll } from '../../api/subscription'
import { policyType, type FirewallPolicy } from '../resources'

interface PolicyFieldProps {
  label?: string // "Firewall policy" if it is not given
  hint?: string
  but?: string // ID of the policy that cannot be chosen
  value: string // ID; '' for none
  change: (id: string) => void
  problem: string | undefined
}

/** PolicyField chooses a firewall policy, or none. */
export function PolicyField({ label = 'Firewall policy', hint = 'None: the firewall has rules of its own', but, value, change, problem }: PolicyFieldProps) {
  const policies = useAll<FirewallPolicy>(policyType)
  return (
    <Field label={label} hint={hint} validationMessage={problem}>
      <Dropdown value={value === '' ? 'None' : nameOf(value)} selectedOptions={[value]} onOptionSelect={(_, data) => change(data.optionValue ?? '')}>
        <Option value="">None</Option>
        {(policies.data ?? [])
          .filter((p) => !sameId(p.id, but))
          .map((p) => (
            <Option key={p.id} value={p.id}>
              {p.name}
            </Option>
          ))}
      </Dropdown>
    </Field>
  )
}
