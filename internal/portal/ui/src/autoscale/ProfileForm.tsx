import { Button, Checkbox, Field, Input, Radio, RadioGroup, Text, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { FormDrawer } from '../frame/FormDrawer'
import { useSaving } from '../frame/saving'
import { RuleFields } from './RuleFields'
import { days, newRule, profileProblems, usualMetric, type Profile, type Weekly } from './setting'

const useStyles = makeStyles({
  row: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(120px, 1fr))', gap: tokens.spacingHorizontalM, alignItems: 'start' },
  days: { display: 'flex', flexWrap: 'wrap' },
  muted: { color: tokens.colorNeutralForeground3 },
})

/** Metric is what a rule can go by. */
export interface Metric {
  name: { value: string }
}

interface ProfileFormProps {
  title: string
  profile: Profile
  others: string[] // names of the other conditions
  metrics: Metric[]
  setting: string // ID
  bodyWith: (profile: Profile) => object
  close: () => void
}

/** ProfileForm makes or changes a condition. */
export function ProfileForm({ title, profile: read, others, metrics, setting, bodyWith, close }: ProfileFormProps) {
  const styles = useStyles()
  const [profile, setProfile] = useState(read)
  const { problems, save } = useSaving(() => undefined)
  const own = profileProblems(profile, others)
  const { capacity, rules } = profile
  const units = (part: Partial<Profile['capacity']>) => setProfile({ ...profile, capacity: { ...capacity, ...part } })
  const submit = () => {
    const sent = rules.length === 0 ? { ...profile, capacity: { minimum: capacity.default, maximum: capacity.default, default: capacity.default } } : profile
    return save({ id: setting, title: `Saving the condition ${profile.name}`, done: `The condition ${profile.name} was saved.`, send: (client) => client.put(setting, bodyWith(sent)) }, close)
  }
  return (
    <FormDrawer open title={title} close={close} save={submit} saveDisabled={Object.keys(own).length > 0} problems={problems.rest}>
      <Field label="Name" required validationMessage={own.name}>
        <Input value={profile.name} onChange={(_, data) => setProfile({ ...profile, name: data.value })} autoComplete="off" />
      </Field>
      <WhenFields profile={profile} change={setProfile} problem={own.when} />
      <Field label="Scale" hint={rules.length === 0 ? 'Without a rule it goes to a number of units and stays there.' : undefined} validationMessage={own.capacity}>
        <div className={styles.row}>
          {rules.length > 0 && <UnitsInput label="Minimum" value={capacity.minimum} change={(minimum) => units({ minimum })} />}
          {rules.length > 0 && <UnitsInput label="Maximum" value={capacity.maximum} change={(maximum) => units({ maximum })} />}
          <UnitsInput label={rules.length > 0 ? 'Default' : 'Additional units'} value={capacity.default} change={(usual) => units(rules.length > 0 ? { default: usual } : { default: usual, minimum: '0', maximum: '10' })} />
        </div>
      </Field>
      {rules.map((r, i) => (
        <RuleFields
          key={i}
          at={i}
          rule={r}
          metrics={metrics}
          problem={own[`rule${i}`]}
          change={(next) => setProfile({ ...profile, rules: rules.map((old, n) => (n === i ? next : old)) })}
          remove={() => setProfile({ ...profile, rules: rules.filter((_, n) => n !== i) })}
        />
      ))}
      <div>
        <Button icon={<AddRegular />} disabled={rules.length >= 10} onClick={() => setProfile({ ...profile, rules: [...rules, newRule(usualMetric)] })}>
          Add rule
        </Button>
      </div>
      <Text size={200} className={styles.muted}>
        Any rule that adds is followed at once; units are removed when all rules that remove hold.
      </Text>
    </FormDrawer>
  )
}

function UnitsInput({ label, value, change }: { label: string; value: string; change: (text: string) => void }) {
  return (
    <Field label={label}>
      <Input type="number" min={0} max={10} value={value} onChange={(_, data) => change(data.value)} />
    </Field>
  )
}

interface WhenProps {
  profile: Profile
  change: (profile: Profile) => void
  problem: string | undefined
}

/** WhenFields say when a condition is in force. */
function WhenFields({ profile, change, problem }: WhenProps) {
  const styles = useStyles()
  const { fixedDate, recurrence } = profile
  const kind = fixedDate !== undefined ? 'fixed' : recurrence !== undefined ? 'weekly' : 'always'
  const choose = (next: string) => {
    const { fixedDate: _f, recurrence: _r, ...rest } = profile
    if (next === 'fixed') change({ ...rest, fixedDate: { timeZone: 'UTC', start: '', end: '' } })
    else if (next === 'weekly') change({ ...rest, recurrence: { frequency: 'Week', schedule: { timeZone: 'UTC', days: days.slice(0, 5), hours: [8], minutes: [0] } } })
    else change(rest)
  }
  return (
    <>
      <Field label="When" validationMessage={problem}>
        <RadioGroup value={kind} onChange={(_, data) => choose(data.value)}>
          <Radio value="always" label="Whenever no other condition is in force" />
          <Radio value="weekly" label="On days of the week, from a time on until another one begins" />
          <Radio value="fixed" label="Between two dates" />
        </RadioGroup>
      </Field>
      {fixedDate !== undefined && (
        <div className={styles.row}>
          <Field label="Start">
            <Input type="datetime-local" value={fixedDate.start.slice(0, 16)} onChange={(_, data) => change({ ...profile, fixedDate: { ...fixedDate, start: data.value } })} />
          </Field>
          <Field label="End">
            <Input type="datetime-local" value={fixedDate.end.slice(0, 16)} onChange={(_, data) => change({ ...profile, fixedDate: { ...fixedDate, end: data.value } })} />
          </Field>
          <ZoneInput value={fixedDate.timeZone ?? ''} change={(timeZone) => change({ ...profile, fixedDate: { ...fixedDate, timeZone } })} />
        </div>
      )}
      {recurrence !== undefined && <WeeklyFields recurrence={recurrence} change={(next) => change({ ...profile, recurrence: next })} />}
    </>
  )
}

function WeeklyFields({ recurrence, change }: { recurrence: Weekly; change: (r: Weekly) => void }) {
  const styles = useStyles()
  const { schedule } = recurrence
  const set = (part: Partial<Weekly['schedule']>) => change({ ...recurrence, schedule: { ...schedule, ...part } })
  const time = `${String(schedule.hours[0] ?? 0).padStart(2, '0')}:${String(schedule.minutes[0] ?? 0).padStart(2, '0')}`
  const setTime = (text: string) => {
    const [hour = '0', minute = '0'] = text.split(':')
    set({ hours: [Number(hour)], minutes: [Number(minute)] })
  }
  return (
    <>
      <Field label="Days">
        <div className={styles.days} role="group" aria-label="Days">
          {days.map((day) => (
            <Checkbox key={day} label={day} checked={schedule.days.includes(day)} onChange={(_, data) => set({ days: days.filter((d) => (d === day ? data.checked === true : schedule.days.includes(d))) })} />
          ))}
        </div>
      </Field>
      <div className={styles.row}>
        {schedule.hours.length > 1 || schedule.minutes.length > 1 ? (
          <Text>It begins at several times; they are changed in JSON.</Text>
        ) : (
          <Field label="From">
            <Input type="time" value={time} onChange={(_, data) => setTime(data.value)} />
          </Field>
        )}
        <ZoneInput value={schedule.timeZone ?? ''} change={(timeZone) => set({ timeZone })} />
      </div>
    </>
  )
}

function ZoneInput({ value, change }: { value: string; change: (zone: string) => void }) {
  return (
    <Field label="Time zone" hint="as W. Europe Standard Time">
      <Input value={value} onChange={(_, data) => change(data.value)} spellCheck={false} />
    </Field>
  )
}
