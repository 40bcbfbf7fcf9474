import { Field, Input, Radio, RadioGroup, Textarea } from '@fluentui/react-components'
import { useState } from 'react'
import { FormDrawer } from '../frame/FormDrawer'
import { useSaving } from '../frame/saving'
import { levelText, lockNameProblem, locksPath } from './lock'

const levels = ['CanNotDelete', 'ReadOnly'] as const

/** AddLock makes a lock at a scope; taken are the names of those that are there. */
export function AddLock({ scope, taken, close }: { scope: string; taken: string[]; close: () => void }) {
  const [name, setName] = useState('')
  const [level, setLevel] = useState<string>(levels[0])
  const [notes, setNotes] = useState('')
  const { problems, save } = useSaving((target) => (target === 'properties.notes' ? 'notes' : undefined))
  const problem = lockNameProblem(name, taken)
  const id = `${locksPath(scope)}/${name}`
  const add = () => save({ id, title: `Adding the lock ${name}`, done: `The lock ${name} holds.`, send: (client) => client.put(id, { properties: { level, ...(notes !== '' && { notes }) } }) }, close)
  return (
    <FormDrawer open title="Add lock" close={close} save={add} saveLabel="Add" saveDisabled={problem !== ''} problems={problems.rest} size="small">
      <Field label="Name" required validationMessage={name === '' ? undefined : problem || undefined}>
        <Input value={name} onChange={(_, data) => setName(data.value)} autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Lock type" required>
        <RadioGroup value={level} onChange={(_, data) => setLevel(data.value)}>
          {levels.map((l) => (
            <Radio key={l} value={l} label={levelText(l)} />
          ))}
        </RadioGroup>
      </Field>
      <Field label="Notes" hint="Why it is there, for whoever meets it" validationMessage={problems.fields.notes}>
        <Textarea value={notes} resize="vertical" onChange={(_, data) => setNotes(data.value)} />
      </Field>
    </FormDrawer>
  )
}
