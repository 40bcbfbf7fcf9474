import { Combobox, Dropdown, Field, Link, Option, makeStyles, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { nameOf } from '../api/id'
import { useAll } from '../api/subscription'
import { applicationType, atLocation, type ApplicationGroup, type SecurityGroup } from './resources'
import { isGroups, listed } from './rule'

const useStyles = makeStyles({ root: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalXS, minWidth: 0 }, switch: { alignSelf: 'start', fontSize: tokens.fontSizeBase200 } })

interface SideProps {
  label: string
  group: SecurityGroup // whose rule it is
  value: string
  change: (value: string) => void
  tags: string[]
  problem: string | undefined
}

/** SideField says whom a rule is about at one side: addresses and ranges with commas, a service tag, or application security groups. */
export function SideField({ label, group, value, change, tags, problem }: SideProps) {
  const styles = useStyles()
  const all = useAll<ApplicationGroup>(applicationType)
  const here = atLocation(all.data, group.location)
  const [byGroup, setByGroup] = useState(isGroups(value))
  const turn = () => {
    setByGroup(!byGroup)
    change(byGroup ? '*' : '')
  }
  return (
    <div className={styles.root}>
      {byGroup ? <GroupsField label={label} all={here} value={value} change={change} problem={problem} /> : <TagField label={label} value={value} change={change} tags={tags} problem={problem} />}
      {(byGroup || here.length > 0) && (
        <Link as="button" type="button" className={styles.switch} onClick={turn}>
          {byGroup ? 'By address or service tag' : 'By application security group'}
        </Link>
      )}
    </div>
  )
}

function GroupsField({ label, all, value, change, problem }: Pick<SideProps, 'label' | 'value' | 'change' | 'problem'> & { all: ApplicationGroup[] }) {
  const chosen = listed(value)
  const gone = chosen.filter((id) => !all.some((g) => g.id === id))
  return (
    <Field label={label} required validationMessage={value === '' ? 'Choose at least one application security group.' : problem}>
      <Dropdown multiselect placeholder="Choose groups" value={chosen.map(nameOf).join(', ')} selectedOptions={chosen} onOptionSelect={(_, data) => change(data.selectedOptions.join(', '))}>
        {[...all.map((g) => g.id), ...gone].map((id) => (
          <Option key={id} value={id}>
            {nameOf(id)}
          </Option>
        ))}
      </Dropdown>
    </Field>
  )
}

/** TagField takes addresses and ranges with commas, or a service tag, which it completes. */
function TagField({ label, value, change, tags, problem }: Omit<SideProps, 'group'>) {
  const wanted = value.toLowerCase()
  const found = tags.filter((t) => !t.includes('.') && t.toLowerCase().includes(wanted === '*' ? '' : wanted)).slice(0, 60)
  return (
    <Field label={label} required validationMessage={problem}>
      <Combobox freeform value={value} selectedOptions={[value]} onChange={(e) => change(e.target.value)} onOptionSelect={(_, data) => change(data.optionValue ?? '')}>
        <Option value="*" text="*">
          Any
        </Option>
        {found.map((t) => (
          <Option key={t} value={t}>
            {t}
          </Option>
        ))}
      </Combobox>
    </Field>
  )
}
