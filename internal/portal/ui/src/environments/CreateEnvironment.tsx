import { Button, Tab, TabList, makeStyles, tokens } from '@fluentui/react-components'
import { ServerMultipleRegular } from '@fluentui/react-icons'
import { useEffect, useState, type ReactNode } from 'react'
import { useNavigate } from 'react-router'
import { useResourceGroups, useSubscription } from '../api/subscription'
import { Page } from '../frame/Page'
import { BasicsTab } from './BasicsTab'
import { basicsProblems, emptyDraft, networkProblems, type Draft } from './draft'
import { NetworkTab } from './NetworkTab'
import { ReviewTab } from './ReviewTab'

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalXL, maxWidth: '760px' },
  actions: { display: 'flex', columnGap: tokens.spacingHorizontalS, flexWrap: 'wrap', rowGap: tokens.spacingVerticalS, borderTop: `1px solid ${tokens.colorNeutralStroke2}`, paddingTop: tokens.spacingVerticalL },
})

const tabs = ['basics', 'networking', 'review'] as const
type Step = (typeof tabs)[number]
const titles: Record<Step, string> = { basics: 'Basics', networking: 'Networking', review: 'Review + create' }

/** CreateEnvironment is the create pane (ise.md A2): basics, network, review, and the deployment. */
export function CreateEnvironment() {
  const styles = useStyles()
  const navigate = useNavigate()
  const [step, setStep] = useState<Step>('basics')
  const [draft, change] = useDraft()
  const at = tabs.indexOf(step)
  const next = tabs[at + 1]
  const problems = [...basicsProblems(draft), ...networkProblems(draft)]
  const actions = (first: ReactNode) => (
    <div className={styles.actions}>
      {first}
      <Button disabled={at === 0} onClick={() => setStep(tabs[at - 1] ?? 'basics')}>
        Previous
      </Button>
      {next !== undefined && next !== 'review' && <Button onClick={() => setStep(next)}>Next: {titles[next]}</Button>}
      <Button appearance="subtle" onClick={() => void navigate('/environments')}>
        Cancel
      </Button>
    </div>
  )
  return (
    <Page title="Create integration service environment" icon={ServerMultipleRegular}>
      <div className={styles.form}>
        <TabList selectedValue={step} onTabSelect={(_, data) => setStep(data.value as Step)}>
          {tabs.map((t) => (
            <Tab key={t} value={t}>
              {titles[t]}
            </Tab>
          ))}
        </TabList>
        {step === 'basics' && <BasicsTab draft={draft} change={change} />}
        {step === 'networking' && <NetworkTab draft={draft} change={change} />}
        {step === 'review' && <ReviewTab draft={draft} problems={problems} actions={actions} />}
        {next !== undefined &&
          actions(
            <Button appearance="primary" onClick={() => setStep('review')}>
              Review + create
            </Button>,
          )}
      </div>
    </Page>
  )
}

/** useDraft is the draft of the page; it begins in the first resource group. */
function useDraft(): [Draft, (d: Draft) => void] {
  const [draft, change] = useState(emptyDraft)
  const first = useResourceGroups(useSubscription()).data?.[0]
  useEffect(() => {
    if (first !== undefined) change((d) => (d.group === '' && d.newGroup === '' ? { ...d, group: first.name, location: d.location || first.location } : d))
  }, [first])
  return [draft, (next) => change((d) => ({ ...d, ...changed(draft, next) }))]
}

/** changed is what a pane changed of the draft that it showed, which may not be the latest any more. */
function changed(shown: Draft, next: Draft): Partial<Draft> {
  return Object.fromEntries(Object.entries(next).filter(([member, value]) => value !== shown[member as keyof Draft]))
}
