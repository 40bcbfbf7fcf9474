import { Dropdown, Field, Option, makeStyles } from '@fluentui/react-components'
import type { Target } from './target'

const useStyles = makeStyles({ narrow: { minWidth: 0 } })

interface TargetFieldProps {
  label: string
  targets: Target[] | undefined
  value: string // ID
  change: (target: Target) => void
}

/** TargetField chooses an interface or an environment. */
export function TargetField({ label, targets = [], value, change }: TargetFieldProps) {
  const styles = useStyles()
  const choose = (id: string | undefined) => {
    const target = targets.find((t) => t.id === id)
    if (target !== undefined) change(target)
  }
  return (
    <Field label={label} required>
      <Dropdown className={styles.narrow} value={targets.find((t) => t.id === value)?.label ?? ''} selectedOptions={[value]} onOptionSelect={(_, data) => choose(data.optionValue)} placeholder="Choose one">
        {targets.map((t) => (
          <Option key={t.id} value={t.id}>
            {t.label}
          </Option>
        ))}
      </Dropdown>
    </Field>
  )
}
