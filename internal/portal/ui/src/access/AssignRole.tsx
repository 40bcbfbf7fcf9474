import { Combobox, Field, Option } from '@fluentui/react-components'
import { useState } from 'react'
import type { RoleDefinition } from '../api/models/authorization'
import { FormDrawer } from '../frame/FormDrawer'
import { useSaving } from '../frame/saving'
import { kinds, type Somebody } from './directory'

interface AssignProps {
  scope: string
  definitions: RoleDefinition[]
  people: Somebody[]
  close: () => void
}

/** AssignRole gives somebody a role at a scope. */
export function AssignRole({ scope, definitions, people, close }: AssignProps) {
  const [role, setRole] = useState('')
  const [person, setPerson] = useState('')
  const { problems, save } = useSaving(() => undefined)
  const who = people.find((p) => p.id === person)
  const definition = definitions.find((d) => d.id === role)
  const give = () => {
    const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`
    const body = { properties: { roleDefinitionId: role, principalId: person, principalType: who?.kind } }
    const name = definition?.properties?.roleName ?? ''
    return save({ id, title: `Giving ${who?.name ?? ''} the role ${name}`, done: `${who?.name ?? ''} is ${name}.`, send: (client) => client.put(id, body) }, close)
  }
  return (
    <FormDrawer open title="Add role assignment" close={close} save={give} saveDisabled={role === '' || person === ''} problems={problems.rest}>
      <Field label="Role" required hint={definition?.properties?.description}>
        <Choice
          options={definitions.map((d) => ({ value: d.id ?? '', text: d.properties?.roleName ?? '', hint: '' }))}
          choose={setRole}
        />
      </Field>
      <Field label="Who" required>
        <Choice options={people.map((p) => ({ value: p.id, text: p.name, hint: `${kinds[p.kind] ?? ''} ${p.hint}` }))} choose={setPerson} />
      </Field>
    </FormDrawer>
  )
}

interface Choosable {
  value: string
  text: string
  hint: string
}

/** Choice finds one of many by a part of its text. */
function Choice({ options, choose }: { options: Choosable[]; choose: (value: string) => void }) {
  const [text, setText] = useState('')
  const shown = options.filter((o) => `${o.text} ${o.hint}`.toLowerCase().includes(text.trim().toLowerCase()))
  return (
    <Combobox
      value={text}
      onChange={(e) => {
        setText(e.target.value)
        choose('')
      }}
      onOptionSelect={(_, data) => {
        setText(data.optionText ?? '')
        choose(data.optionValue ?? '')
      }}
    >
      {shown.map((o) => (
        <Option key={o.value} value={o.value} text={o.text}>
          {o.hint === '' ? o.text : `${o.text} (${o.hint.trim()})`}
        </Option>
      ))}
    </Combobox>
  )
}
