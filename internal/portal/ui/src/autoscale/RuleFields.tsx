import { Button, Dropdown, Field, Input, Option, Text, makeStyles, tokens } from '@fluentui/react-components'
import { DeleteRegular } from '@fluentui/react-icons'
import type { Metric } from './ProfileForm'
import { durationOf, metricText, minutesOf, operators, type Action, type Rule, type Trigger } from './setting'

const useStyles = makeStyles({
  rule: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM, padding: tokens.spacingHorizontalM, border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium },
  head: { display: 'flex', justifyContent: 'space-between', alignItems: 'center' },
  row: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(110px, 1fr))', gap: tokens.spacingHorizontalM, alignItems: 'start' },
  narrow: { minWidth: 0 },
  problem: { color: tokens.colorStatusDangerForeground3 },
})

const aggregations: Trigger['timeAggregation'][] = ['Average', 'Minimum', 'Maximum', 'Total', 'Count', 'Last']
const actions: [type: Action['type'], words: string][] = [
  ['ChangeCount', 'units'],
  ['PercentChangeCount', 'percent'],
  ['ExactCount', 'units in all'],
]

interface RuleProps {
  at: number
  rule: Rule
  metrics: Metric[]
  problem: string | undefined
  change: (rule: Rule) => void
  remove: () => void
}

/** RuleFields are the form of one rule. What the form does not show of it stays. */
export function RuleFields({ at, rule, metrics, problem, change, remove }: RuleProps) {
  const styles = useStyles()
  const { metricTrigger: t, scaleAction: a } = rule
  const trigger = (part: Partial<Trigger>) => change({ ...rule, metricTrigger: { ...t, ...part } })
  const action = (part: Partial<Action>) => change({ ...rule, scaleAction: { ...a, ...part } })
  return (
    <div className={styles.rule} role="group" aria-label={`Rule ${at + 1}`}>
      <div className={styles.head}>
        <Text weight="semibold">Rule {at + 1}</Text>
        <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Remove rule ${at + 1}`} onClick={remove} />
      </div>
      <Field label="Metric">
        <Choice value={t.metricName} options={metrics.map((m) => [m.name.value, metricText(m.name.value)])} choose={(metricName) => trigger({ metricName })} />
      </Field>
      <div className={styles.row}>
        <Field label="Aggregation">
          <Choice value={t.timeAggregation} options={aggregations.map((x) => [x, x])} choose={(timeAggregation) => trigger({ timeAggregation })} />
        </Field>
        <Field label="Of minutes">
          <Input className={styles.narrow} input={{ className: styles.narrow }} type="number" min={5} value={shown(minutesOf(t.timeWindow))} onChange={(_, data) => trigger({ timeWindow: durationOf(Number(data.value)) })} />
        </Field>
        <Field label="Operator">
          <Choice value={t.operator} options={operators} choose={(operator) => trigger({ operator })} />
        </Field>
        <Field label="Threshold">
          <Input className={styles.narrow} input={{ className: styles.narrow }} type="number" value={shown(t.threshold)} onChange={(_, data) => trigger({ threshold: data.value === '' ? NaN : Number(data.value) })} />
        </Field>
      </div>
      <div className={styles.row}>
        <Field label="Then">
          <Choice
            value={a.direction}
            options={[
              ['Increase', 'Add'],
              ['Decrease', 'Remove'],
            ]}
            choose={(direction) => action({ direction })}
          />
        </Field>
        <Field label="By">
          <Input className={styles.narrow} input={{ className: styles.narrow }} type="number" min={0} value={a.value ?? '1'} onChange={(_, data) => action({ value: data.value })} />
        </Field>
        <Field label="Unit">
          <Choice value={a.type} options={actions} choose={(type) => action({ type })} />
        </Field>
        <Field label="Cooldown, min">
          <Input className={styles.narrow} input={{ className: styles.narrow }} type="number" min={1} value={shown(minutesOf(a.cooldown))} onChange={(_, data) => action({ cooldown: durationOf(Number(data.value)) })} />
        </Field>
      </div>
      {problem !== undefined && (
        <Text size={200} className={styles.problem} role="alert">
          {problem}
        </Text>
      )}
    </div>
  )
}

function shown(n: number): string {
  return Number.isNaN(n) ? '' : String(n)
}

function Choice<T extends string>({ value, options, choose }: { value: T; options: [value: T, words: string][]; choose: (value: T) => void }) {
  const styles = useStyles()
  const words = (v: string | undefined) => options.find(([known]) => known === v)
  return (
    <Dropdown className={styles.narrow} value={words(value)?.[1] ?? value} selectedOptions={[value]} onOptionSelect={(_, data) => choose(words(data.optionValue)?.[0] ?? value)}>
      {options.map(([v, text]) => (
        <Option key={v} value={v}>
          {text}
        </Option>
      ))}
    </Dropdown>
  )
}
