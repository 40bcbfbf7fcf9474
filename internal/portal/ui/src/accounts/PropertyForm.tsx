import { Button, Dropdown, Field, Input, Option, Text, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular } from '@fluentui/react-icons'
import { useResources } from '../api/resources'
import { countAt, isObject, valueAt, withText, withValue } from '../editor/place'
import type { Form } from './kind'
import { withAgreementType, withoutRow, withRow, type PropertyField, type PropertyRows } from './propertyFields'

const useStyles = makeStyles({
  fields: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(220px, 1fr))', gap: tokens.spacingHorizontalM, alignItems: 'start' },
  wide: { gridColumn: '1 / -1' },
  rows: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS },
  row: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr) auto', columnGap: tokens.spacingHorizontalS, alignItems: 'end' },
  narrow: { minWidth: 0 },
  muted: { color: tokens.colorNeutralForeground3 },
})

interface FormProps {
  account: string // ID
  form: Form
  text: string
  change: (text: string) => void
}

/** PropertyForm has the usual properties of an artifact as fields; all of them stand in the text below. */
export function PropertyForm({ account, form, text, change }: FormProps) {
  const styles = useStyles()
  const partners = useResources<{ name: string }>(`${account}/partners`, { enabled: form.fields.some((f) => f.partner) }).data?.map((p) => p.name) ?? []
  if (!isObject(text)) return <Text className={styles.muted}>The fields come back when the text below is JSON again.</Text>
  return (
    <>
      <div className={styles.fields}>
        {form.fields.map((f) => (
          <PropertyInput key={f.label} field={f} partners={partners} text={text} change={change} />
        ))}
      </div>
      {form.rows !== undefined && <RowFields rows={form.rows} text={text} change={change} />}
    </>
  )
}

function PropertyInput({ field, partners, text, change }: { field: PropertyField; partners: string[]; text: string; change: (text: string) => void }) {
  const styles = useStyles()
  const value = valueAt(text, field.path)
  const set = (next: string) => change(field.path[0] === 'agreementType' ? withAgreementType(text, next) : withValue(text, field.path, next, field.type))
  const choices = field.partner === true ? partners : field.choices
  return (
    <Field label={field.label} hint={field.hint} className={mergeClasses(field.wide === true && styles.wide)}>
      {choices === undefined || choices.length === 0 ? (
        <Input type={field.type} value={value} onChange={(_, data) => set(data.value)} autoComplete="off" spellCheck={false} />
      ) : (
        <Dropdown className={styles.narrow} value={value} selectedOptions={[value]} onOptionSelect={(_, data) => set(data.optionValue ?? '')}>
          {choices.map((c) => (
            <Option key={c}>{c}</Option>
          ))}
        </Dropdown>
      )}
    </Field>
  )
}

function RowFields({ rows, text, change }: { rows: PropertyRows; text: string; change: (text: string) => void }) {
  const styles = useStyles()
  const count = countAt(text, rows.path)
  return (
    <div className={styles.rows}>
      {Array.from({ length: count }, (_, at) => (
        <div key={at} className={styles.row} role="group" aria-label={`${rows.label} ${at + 1}`}>
          {rows.members.map((m) => {
            const path = [...rows.path, at, m.key]
            return (
              <Field key={m.key} label={m.label}>
                <Input className={styles.narrow} value={valueAt(text, path)} onChange={(_, data) => change(withText(text, path, data.value))} autoComplete="off" spellCheck={false} />
              </Field>
            )
          })}
          <Button appearance="subtle" icon={<DeleteRegular />} aria-label={`Remove ${rows.label} ${at + 1}`} disabled={count === 1} onClick={() => change(withoutRow(text, rows.path, at))} />
        </div>
      ))}
      <div>
        <Button icon={<AddRegular />} onClick={() => change(withRow(text, rows))}>
          Add {rows.label}
        </Button>
      </div>
    </div>
  )
}
