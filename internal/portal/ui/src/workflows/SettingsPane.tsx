import { Button, Dropdown, Field, Input, makeStyles, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, Option, Text, Textarea, tokens } from '@fluentui/react-components'
import { KeyResetRegular, SaveRegular } from '@fluentui/react-icons'
import { useMemo, useState } from 'react'
import { useClient } from '../api/context'
import { toApiError } from '../api/error'
import { nameOf } from '../api/id'
import { useResources } from '../api/resources'
import { useSubscription } from '../api/subscription'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { ErrorView } from '../frame/ErrorView'
import { useNotifications } from '../frame/notifications'
import { ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { useWorkflowChanges } from './change'
import { useWorkflowText } from './definition'
import { settingsProblems, withSettings, type Settings } from './settings'
import { current, differences, isChanged, isStale, rebased, type Difference, type FieldName, type Saved, type SettingsDraft } from './settingsDraft'
import { accessParts, triggerOf, type Workflow, workflowType } from './workflow'

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL, maxWidth: '640px' },
  pair: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(220px, 1fr))', gap: tokens.spacingHorizontalM, alignItems: 'start' },
  told: { overflowWrap: 'anywhere' },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalL },
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM },
})

const words: Record<(typeof accessParts)[number], [label: string, hint: string]> = {
  triggers: ['Who may call triggers', 'Addresses that requests and callbacks may come from'],
  contents: ['Who may read inputs and outputs', 'Addresses that links to the contents of runs may be opened from'],
  actions: ['Who may call actions', 'Addresses that callbacks of webhook actions may come from'],
  workflowManagement: ['Who may manage it', 'Addresses that the resource manager may be called from for this logic app'],
}

/** SettingsPane edits who may call a logic app, its integration account, how many runs there are and for how long, and its access keys. */
export function SettingsPane() {
  const id = useResourceId(workflowType)
  const text = useWorkflowText(id)
  const saved = useMemo(() => text.data && { text: text.data, workflow: JSON.parse(text.data.resource) as Workflow }, [text.data])
  if (text.error && !saved) return <ErrorView error={text.error} />
  if (!saved) return null
  return (
    <>
      <Form key={id} id={id} saved={saved} reload={() => text.refetch()} />
      <Keys id={id} />
    </>
  )
}

interface FormProps {
  id: string
  saved: Saved
  reload: () => Promise<unknown>
}

function Form({ id, saved, reload }: FormProps) {
  const styles = useStyles()
  const draft = useDraft(id, saved, reload)
  const { now, problems, workflow } = draft
  const setNow = draft.change
  const subscription = useSubscription()
  const accounts = useResources<{ id: string; name: string }>(`/subscriptions/${subscription}/providers/Microsoft.Logic/integrationAccounts`, { enabled: subscription !== '' })
  const environment = workflow.properties.integrationServiceEnvironment?.id
  return (
    <div className={styles.form}>
      <Field label="Environment" hint="A logic app stays where it was created.">
        <Text>{environment === undefined ? 'None' : <ResourceLink id={environment} />}</Text>
      </Field>
      <Field label="Integration account" hint="It must be in the same environment.">
        <Dropdown
          selectedOptions={[now.account]}
          value={now.account === '' ? 'None' : nameOf(now.account)}
          onOptionSelect={(_, data) => setNow({ ...now, account: data.optionValue ?? '' })}
        >
          <Option value="">None</Option>
          {(accounts.data ?? []).map((a) => (
            <Option key={a.id} value={a.id}>
              {a.name}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <Field label="Days that runs last and are kept" hint="1 to 366; empty: the server's default" validationMessage={problems.days}>
        <Input type="number" min={1} max={366} value={now.days} onChange={(_, data) => setNow({ ...now, days: data.value })} />
      </Field>
      {triggerOf(workflow) !== undefined && (
        <div className={styles.pair}>
          <Field label="Runs at a time" hint="Of the first trigger; empty: no limit. Once set it can be changed, not removed." validationMessage={problems.runs}>
            <Input type="number" min={1} max={100} value={now.runs} onChange={(_, data) => setNow({ ...now, runs: data.value })} />
          </Field>
          <Field label="Runs that may wait" hint="For their turn; more are refused" validationMessage={problems.waiting}>
            <Input type="number" min={1} max={200} value={now.waiting} disabled={now.runs === ''} onChange={(_, data) => setNow({ ...now, waiting: data.value })} />
          </Field>
        </div>
      )}
      {accessParts.map((part) => (
        <Field key={part} label={words[part][0]} hint={`${words[part][1]}, one a line, as 10.0.0.0/24 or 10.0.0.1-10.0.0.9. Empty: all.`}>
          <Textarea value={now.access[part]} resize="vertical" onChange={(_, data) => setNow({ ...now, access: { ...now.access, [part]: data.value } })} />
        </Field>
      ))}
      {draft.stale && <SavedMeanwhile differences={draft.differences} take={draft.rebase} />}
      {draft.error !== undefined && <ErrorView error={draft.error} title="They were not saved" />}
      <div className={styles.bar}>
        <Button appearance="primary" icon={<SaveRegular />} disabled={!draft.dirty || draft.stale || Object.keys(problems).length > 0} onClick={draft.save}>
          Save
        </Button>
        <Button disabled={!draft.dirty} onClick={draft.discard}>
          Discard
        </Button>
      </div>
    </div>
  )
}

/** useDraft is the draft of a workflow's settings. It is saved over what it began with, so that nobody else's change is lost, nor the draft. */
function useDraft(id: string, saved: Saved, reload: () => Promise<unknown>) {
  const [begun, setBegun] = useState<SettingsDraft>()
  const [error, setError] = useState<unknown>()
  const { save } = useWorkflowChanges()
  const draft = current(begun, saved)
  const dirty = isChanged(draft)
  const take = (next: SettingsDraft | undefined) => (setBegun(next), setError(undefined))
  const { text, workflow } = draft.saved
  return {
    now: draft.now,
    workflow,
    problems: settingsProblems(draft.now),
    dirty,
    stale: dirty && isStale(draft, saved),
    differences: differences(draft, saved),
    error,
    change: (now: Settings) => take({ ...draft, now }),
    rebase: () => take(rebased(draft, saved)),
    discard: () => take(undefined),
    save: () =>
      void save(id, withSettings(text.resource, workflow, draft.now), text.etag).then(
        () => take(undefined),
        async (e: unknown) => {
          if (toApiError(e).status === 412) await reload() // what somebody else saved is shown beside the draft
          else setError(e)
        },
      ),
  }
}

const titles: Record<FieldName, string> = {
  account: 'Integration account',
  days: 'Days that runs last and are kept',
  runs: 'Runs at a time',
  waiting: 'Runs that may wait',
  triggers: words.triggers[0],
  contents: words.contents[0],
  actions: words.actions[0],
  workflowManagement: words.workflowManagement[0],
}

/** SavedMeanwhile tells what somebody else has saved while one was typing, and goes on over it. */
function SavedMeanwhile({ differences, take }: { differences: Difference[]; take: () => void }) {
  const styles = useStyles()
  return (
    <MessageBar intent="warning" layout="multiline" role="alert">
      <MessageBarBody className={styles.told}>
        <MessageBarTitle>Somebody else has saved the logic app meanwhile</MessageBarTitle>
        {differences.length === 0 ? 'They changed none of these settings.' : 'They changed:'}
        {differences.length > 0 && (
          <ul className={styles.list} aria-label="What somebody else changed">
            {differences.map((d) => (
              <li key={d.field}>
                {titles[d.field]}: {shown(d.before)} before, {shown(d.saved)} now{d.mine !== d.before && d.mine !== d.saved && `, ${shown(d.mine)} in your draft`}
              </li>
            ))}
          </ul>
        )}
      </MessageBarBody>
      <MessageBarActions>
        <Button onClick={take}>Go on with my changes over theirs</Button>
      </MessageBarActions>
    </MessageBar>
  )
}

function shown(value: string): string {
  if (value === '') return 'nothing'
  return value.startsWith('/subscriptions/') ? nameOf(value) : value.replaceAll('\n', ', ')
}

/** Keys makes new access keys, which ends the URLs that the old ones signed. */
function Keys({ id }: { id: string }) {
  const styles = useStyles()
  const client = useClient()
  const notifications = useNotifications()
  const [asked, setAsked] = useState<'Primary' | 'Secondary'>()
  const regenerate = (keyType: string) => {
    const work = { title: `Making a new ${keyType.toLowerCase()} key`, done: `${nameOf(id)} has a new ${keyType.toLowerCase()} key.` }
    void notifications.follow(work, () => client.post(`${id}/regenerateAccessKey`, { keyType })).catch(() => undefined)
  }
  return (
    <Field label="Access keys" hint="Callback URLs and links to contents are signed with them.">
      <div className={styles.bar}>
        {(['Primary', 'Secondary'] as const).map((key) => (
          <Button key={key} icon={<KeyResetRegular />} onClick={() => setAsked(key)}>
            New {key.toLowerCase()} key
          </Button>
        ))}
        <ConfirmDialog
          open={asked !== undefined}
          title={`Make a new ${asked?.toLowerCase() ?? ''} key?`}
          action="Make a new key"
          close={() => setAsked(undefined)}
          confirm={() => asked && regenerate(asked)}
        >
          Each URL that was signed with the key until now stops working at once.
        </ConfirmDialog>
      </div>
    </Field>
  )
}
