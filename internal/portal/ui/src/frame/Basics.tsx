import { Button, Dropdown, Field, Input, Option, makeStyles, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { ResourceGroup } from '../api/subscription'

/** BasicsDraft is where a new resource goes. newGroup is not '' if its group is to be made first. */
export interface BasicsDraft {
  group: string
  newGroup: string
  name: string
  location: string
}

/** groupName is the resource group that a draft means. */
export function groupName(draft: BasicsDraft): string {
  return draft.newGroup !== '' ? draft.newGroup : draft.group
}

const useStyles = makeStyles({
  group: { display: 'grid', gridTemplateColumns: '1fr auto', columnGap: tokens.spacingHorizontalS, alignItems: 'start' },
})

interface BasicsProps {
  draft: BasicsDraft
  change: (draft: BasicsDraft) => void
  groups: ResourceGroup[] | undefined // undefined: not read yet
  nameProblem?: string
  locationProblem?: string
  nameHint?: string
  locationHint?: string // why it cannot be chosen
}

/** BasicsFields are the fields that every create page begins with: resource group, name, location. */
export function BasicsFields({ draft, change, groups, nameProblem, locationProblem, nameHint, locationHint }: BasicsProps) {
  return (
    <>
      <GroupField draft={draft} change={change} groups={groups} />
      <Field label="Name" required validationMessage={nameProblem || undefined} hint={nameHint}>
        <Input value={draft.name} onChange={(_, data) => change({ ...draft, name: data.value })} autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Location" required hint={locationHint} validationMessage={locationProblem || undefined}>
        <Input readOnly={locationHint !== undefined} value={draft.location} onChange={(_, data) => change({ ...draft, location: data.value })} autoComplete="off" spellCheck={false} />
      </Field>
    </>
  )
}

function GroupField({ draft, change, groups }: Pick<BasicsProps, 'draft' | 'change' | 'groups'>) {
  const styles = useStyles()
  const [making, setMaking] = useState(draft.newGroup !== '')
  const choose = (group: string) => {
    const location = groups?.find((g) => g.name === group)?.location
    change({ ...draft, group, newGroup: '', location: location ?? draft.location })
  }
  if (making || groups?.length === 0) {
    return (
      <Field label="New resource group" required>
        <div className={styles.group}>
          <Input value={draft.newGroup} onChange={(_, data) => change({ ...draft, newGroup: data.value })} autoComplete="off" spellCheck={false} />
          {groups !== undefined && groups.length > 0 && (
            <Button
              onClick={() => {
                setMaking(false)
                change({ ...draft, newGroup: '' })
              }}
            >
              Use existing
            </Button>
          )}
        </div>
      </Field>
    )
  }
  return (
    <div className={styles.group} style={{ alignItems: 'end' }}>
      <Field label="Resource group" required>
        <Dropdown value={draft.group} selectedOptions={draft.group === '' ? [] : [draft.group]} onOptionSelect={(_, data) => choose(data.optionValue ?? '')} placeholder="Choose a resource group">
          {(groups ?? []).map((g) => (
            <Option key={g.id} value={g.name}>
              {g.name}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <Button onClick={() => setMaking(true)}>Create new</Button>
    </div>
  )
}
