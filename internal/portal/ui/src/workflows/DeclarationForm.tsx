import { Checkbox, Dropdown, Field, Input, Option, Textarea } from '@fluentui/react-components'
import { useState } from 'react'
import { FormDrawer } from '../frame/FormDrawer'
import { declarationOf, declarationProblems, enteredKind, isSecure, types, type Declaration } from './parameters'

interface DeclarationFormProps {
  declared: Declaration | undefined // undefined: a new one
  others: string[] // names of the other parameters
  take: (declaration: Declaration) => void
  close: () => void
}

/** DeclarationForm is what a definition says of a parameter. It is saved with the logic app. */
export function DeclarationForm({ declared, others, take, close }: DeclarationFormProps) {
  const [now, setNow] = useState(declared ?? declarationOf())
  const [touched, setTouched] = useState(declared !== undefined)
  const problems = declarationProblems(now, others)
  const set = (part: Partial<Declaration>) => (setNow({ ...now, ...part }), setTouched(true))
  const told = (field: keyof Declaration) => (touched ? problems[field] : undefined)
  const json = enteredKind(now.type) === 'json'
  const submit = () => {
    take(now)
    close()
    return Promise.resolve()
  }
  return (
    <FormDrawer open title={declared === undefined ? 'Add parameter' : `Edit ${declared.name}`} saveLabel="OK" close={close} save={submit} saveDisabled={Object.keys(problems).length > 0}>
      <Field label="Name" required hint={declared && 'Expressions use it, so it stays.'} validationMessage={told('name')}>
        <Input value={now.name} disabled={declared !== undefined} onChange={(_, data) => set({ name: data.value })} autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Type" hint={isSecure(now.type) ? 'The server keeps its value, and shows it to nobody.' : undefined} validationMessage={told('type')}>
        <Dropdown value={now.type} selectedOptions={[now.type]} onOptionSelect={(_, data) => set({ type: data.optionValue ?? now.type })}>
          {types.map((t) => (
            <Option key={t}>{t}</Option>
          ))}
        </Dropdown>
      </Field>
      <Field>
        <Checkbox label="It has a default" checked={now.fallback !== undefined} onChange={(_, data) => set({ fallback: data.checked === true ? '' : undefined })} />
      </Field>
      {now.fallback !== undefined && (
        <Field label="Default" hint={json ? 'JSON' : undefined} validationMessage={told('fallback')}>
          {json ? (
            <Textarea value={now.fallback} resize="vertical" onChange={(_, data) => set({ fallback: data.value })} spellCheck={false} />
          ) : (
            <Input value={now.fallback} onChange={(_, data) => set({ fallback: data.value })} autoComplete="off" spellCheck={false} />
          )}
        </Field>
      )}
      <Field label="Allowed values" hint={`One a line${json ? ', as JSON' : ''}. Empty: all.`} validationMessage={told('allowed')}>
        <Textarea value={now.allowed} resize="vertical" onChange={(_, data) => set({ allowed: data.value })} spellCheck={false} />
      </Field>
      <Field label="Description">
        <Textarea value={now.description} resize="vertical" onChange={(_, data) => set({ description: data.value })} />
      </Field>
    </FormDrawer>
  )
}
