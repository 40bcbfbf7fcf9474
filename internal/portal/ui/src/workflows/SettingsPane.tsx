import { Button, Dropdown, Field, Input, makeStyles, Option, Text, Textarea, tokens } from '@fluentui/react-components'
import { KeyResetRegular, SaveRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useClient } from '../api/context'
import { nameOf } from '../api/id'
import { useResource, useResources } from '../api/resources'
import { useSubscription } from '../api/subscription'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { ErrorView } from '../frame/ErrorView'
import { useNotifications } from '../frame/notifications'
import { ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { useWorkflowChanges } from './change'
import { useWorkflowText, type WorkflowText } from './definition'
import { settingsOf, settingsProblems, withSettings } from './settings'
import { accessParts, triggerOf, type Workflow, workflowType } from './workflow'

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL, maxWidth: '640px' },
  pair: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(220px, 1fr))', gap: tokens.spacingHorizontalM, alignItems: 'start' },
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
  const workflow = useResource<Workflow>(id).data?.body
  const text = useWorkflowText(id)
  if (text.error) return <ErrorView error={text.error} />
  if (!workflow || !text.data) return null
  return (
    <>
      <Form key={text.data.etag} id={id} workflow={workflow} saved={text.data} />
      <Keys id={id} />
    </>
  )
}

function Form({ id, workflow, saved }: { id: string; workflow: Workflow; saved: WorkflowText }) {
  const styles = useStyles()
  const [first] = useState(() => settingsOf(saved.resource, workflow))
  const [now, setNow] = useState(first)
  const [error, setError] = useState<unknown>()
  const { save } = useWorkflowChanges()
  const subscription = useSubscription()
  const accounts = useResources<{ id: string; name: string }>(`/subscriptions/${subscription}/providers/Microsoft.Logic/integrationAccounts`, { enabled: subscription !== '' })
  const environment = workflow.properties.integrationServiceEnvironment?.id
  const problems = settingsProblems(now)
  const unchanged = JSON.stringify(now) === JSON.stringify(first)
  const submit = () => {
    setError(undefined)
    void save(id, withSettings(saved.resource, workflow, now), saved.etag).catch(setError)
  }
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
      {error !== undefined && <ErrorView error={error} title="They were not saved" />}
      <div className={styles.bar}>
        <Button appearance="primary" icon={<SaveRegular />} disabled={unchanged || Object.keys(problems).length > 0} onClick={submit}>
          Save
        </Button>
        <Button disabled={unchanged} onClick={() => setNow(first)}>
          Discard
        </Button>
      </div>
    </div>
  )
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
