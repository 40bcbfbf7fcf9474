import { Button, Dropdown, Field, Input, makeStyles, Option, Text, Textarea, tokens } from '@fluentui/react-components'
import { ArrowUndoRegular, DeleteRegular, EditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { TextEditor } from '../editor/TextEditor'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { shown, type Parameter } from './parameters'

const useStyles = makeStyles({
  row: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) auto', columnGap: tokens.spacingHorizontalM, alignItems: 'start' },
  tools: { display: 'flex', justifyContent: 'end', minWidth: '96px', paddingTop: '24px' }, // beside the field, below its label
  narrow: { minWidth: 0 },
  fallback: { fontFamily: tokens.fontFamilyMonospace, overflowWrap: 'anywhere', color: tokens.colorNeutralForeground3 },
  given: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: tokens.spacingHorizontalM },
})

interface ParameterFieldProps {
  parameter: Parameter
  input: string | undefined // undefined: no value is given
  problem: string | undefined
  change: (input: string | undefined) => void
  edit: () => void
  remove: () => void
}

/** ParameterField is the value of a parameter, entered by its type. */
export function ParameterField(props: ParameterFieldProps) {
  const styles = useStyles()
  const { parameter: p, input, problem, change, edit, remove } = props
  const [asking, setAsking] = useState(false)
  const about = [p.type === '' ? 'no type' : p.type, p.description].filter((part) => part !== '').join(' · ')
  return (
    <div className={styles.row} role="group" aria-label={`Parameter ${p.name}`}>
      <Field label={p.name} hint={about} validationMessage={problem}>
        {(field) => <Entry {...props} field={field} />}
      </Field>
      <div className={styles.tools}>
        {input !== undefined && (p.fallback !== undefined || p.secure) && (
          <Button appearance="subtle" icon={<ArrowUndoRegular />} aria-label={p.secure ? `Keep the value of ${p.name}` : `Use the default of ${p.name}`} onClick={() => change(undefined)} />
        )}
        <Button appearance="subtle" icon={<EditRegular />} aria-label={`Edit the declaration of ${p.name}`} onClick={edit} />
        <Button appearance="subtle" icon={<DeleteRegular />} aria-label={`Remove ${p.name}`} onClick={() => setAsking(true)} />
      </div>
      <ConfirmDialog open={asking} title={`Remove the parameter ${p.name}?`} action="Remove" close={() => setAsking(false)} confirm={remove}>
        Its declaration and its value go when the logic app is saved, which is refused as long as the definition uses it.
      </ConfirmDialog>
    </div>
  )
}

type EntryProps = ParameterFieldProps & { field: object }

/** Entry is what a value is entered with. field ties it to its label. */
function Entry({ parameter: p, input, change, field }: EntryProps) {
  const styles = useStyles()
  if (p.reference !== undefined) return <Text className={styles.fallback}>{`From the deployment: ${p.reference}`}</Text>
  if (p.secure) return <SecretEntry parameter={p} input={input} change={change} field={field} />
  switch (p.kind) {
    case 'text':
    case 'number':
      return <Input {...field} className={styles.narrow} inputMode={p.kind === 'number' ? 'decimal' : 'text'} value={input ?? ''} placeholder={p.fallback} onChange={(_, data) => change(data.value)} autoComplete="off" spellCheck={false} />
    case 'choice':
      return (
        <Dropdown {...field} className={styles.narrow} selectedOptions={[input ?? '']} value={input === undefined ? defaultText(p) : shown(input)} onOptionSelect={(_, data) => change(data.optionValue === '' ? undefined : data.optionValue)}>
          {p.fallback !== undefined && <Option value="">{defaultText(p)}</Option>}
          {p.allowed.map((v) => (
            <Option key={v} value={v}>
              {shown(v)}
            </Option>
          ))}
        </Dropdown>
      )
    case 'json':
      if (input !== undefined) return <TextEditor label={`Value of ${p.name}`} text={input} change={change} language="json" />
      return (
        <div className={styles.given}>
          <Text className={styles.fallback}>{defaultText(p)}</Text>
          <Button size="small" onClick={() => change(p.fallback ?? '')}>
            Give a value
          </Button>
        </div>
      )
  }
}

function defaultText({ fallback }: Parameter): string {
  return fallback === undefined ? '' : `Default: ${shown(fallback)}`
}

/** SecretEntry takes a value that the server keeps and shows to nobody; where none is entered, it keeps the one that it has. */
function SecretEntry({ parameter: p, input, change, field }: Omit<EntryProps, 'problem' | 'edit' | 'remove'>) {
  const styles = useStyles()
  const common = { ...field, className: styles.narrow, value: input ?? '', placeholder: 'Kept, never shown. Enter another one to replace it.', autoComplete: 'new-password', spellCheck: false }
  const enter = (_: unknown, data: { value: string }) => change(data.value === '' ? undefined : data.value)
  return p.kind === 'text' ? <Input {...common} type="password" onChange={enter} /> : <Textarea {...common} resize="vertical" onChange={enter} />
}
