import { Field, Input, MessageBar, MessageBarBody, Radio, RadioGroup, Slider, makeStyles, tokens } from '@fluentui/react-components'
import { useResourceGroups, useSubscription, useSubscriptions } from '../api/subscription'
import { BasicsFields } from '../frame/Basics'
import { nameProblem, type Draft } from './draft'

const useStyles = makeStyles({
  fields: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL },
  slider: { display: 'grid', gridTemplateColumns: '1fr 32px', alignItems: 'center', columnGap: tokens.spacingHorizontalM },
})

/** BasicsTab asks what the environment is called, where it is, and of which kind it is. */
export function BasicsTab({ draft, change }: { draft: Draft; change: (d: Draft) => void }) {
  const styles = useStyles()
  const subscription = useSubscription()
  const name = useSubscriptions().data?.[0]?.displayName ?? ''
  const groups = useResourceGroups(subscription)
  return (
    <div className={styles.fields}>
      <Field label="Subscription" required>
        <Input value={name} readOnly />
      </Field>
      <BasicsFields draft={draft} change={(basics) => change({ ...draft, ...basics })} groups={groups.data ?? []} nameProblem={draft.name === '' ? '' : nameProblem(draft.name)} nameHint="Letters, digits, hyphens, underscores and periods" />
      <Field label="SKU" required hint="It cannot be changed later.">
        <RadioGroup layout="horizontal" value={draft.sku} onChange={(_, data) => change({ ...draft, sku: data.value as Draft['sku'] })}>
          <Radio value="Developer" label="Developer (No SLA)" />
          <Radio value="Premium" label="Premium" />
        </RadioGroup>
      </Field>
      {draft.sku === 'Premium' && <CapacityField capacity={draft.capacity} change={(capacity) => change({ ...draft, capacity })} />}
      <Field label="Access endpoint" required hint="Internal: triggers and run histories can be reached from the virtual network only. It cannot be changed later.">
        <RadioGroup layout="horizontal" value={draft.endpoint} onChange={(_, data) => change({ ...draft, endpoint: data.value as Draft['endpoint'] })}>
          <Radio value="External" label="External" />
          <Radio value="Internal" label="Internal" />
        </RadioGroup>
      </Field>
      {draft.endpoint === 'Internal' && (
        <MessageBar intent="info" layout="multiline">
          <MessageBarBody>Webhook triggers that services outside of the network call do not work with an internal endpoint.</MessageBarBody>
        </MessageBar>
      )}
    </div>
  )
}

const mostUnits = 10

/** CapacityField chooses the additional units of a Premium environment. */
export function CapacityField({ capacity, change, disabled }: { capacity: number; change: (units: number) => void; disabled?: boolean }) {
  const styles = useStyles()
  return (
    <Field label="Additional capacity" hint="Processing units beside the base unit, 0 to 10">
      <div className={styles.slider}>
        <Slider min={0} max={mostUnits} step={1} value={capacity} disabled={disabled ?? false} onChange={(_, data) => change(data.value)} aria-label="Additional capacity" />
        <output>{capacity}</output>
      </div>
    </Field>
  )
}
