import { Card, Dropdown, Field, Input, MessageBar, MessageBarBody, MessageBarTitle, Option, Subtitle2, Text, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { CheckmarkCircleFilled, DismissCircleFilled } from '@fluentui/react-icons'
import { useState } from 'react'
import { ResourceLink } from '../../frame/ResourceLink'
import { useResourceId } from '../../frame/ResourcePage'
import { watcherType } from '../resources'
import { issueText, outcomeText, type Connection, type ConnectionHop } from './connection'
import { TargetField } from './TargetField'
import { useTargets } from './target'
import { ToolForm } from './ToolForm'

const useStyles = makeStyles({
  narrow: { minWidth: 0 },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM },
  hop: { display: 'grid', gridTemplateColumns: '24px minmax(0, 1fr)', columnGap: tokens.spacingHorizontalS },
  icon: { fontSize: '20px' },
  good: { color: tokens.colorStatusSuccessForeground3 },
  bad: { color: tokens.colorStatusDangerForeground3 },
  text: { display: 'block', overflowWrap: 'anywhere' },
  muted: { color: tokens.colorNeutralForeground3 },
})

const usualPorts: Record<string, string> = { Http: '80', Https: '443' }

/** ConnectionPane follows a connection from a target to an address or to another target, hop by hop. */
export function ConnectionPane() {
  const styles = useStyles()
  const watcher = useResourceId(watcherType)
  const targets = useTargets()
  const [draft, setDraft] = useState({ source: '', resource: '', address: '', protocol: 'Tcp', port: '443' })
  const set = (change: Partial<typeof draft>) => setDraft({ ...draft, ...change })
  const destination = draft.resource === '' ? { address: draft.address.trim() } : { resourceId: draft.resource }
  const port = draft.protocol === 'Icmp' ? {} : { port: Number(draft.port) }
  const portProblem = draft.protocol !== 'Icmp' && !(/^\d{1,5}$/.test(draft.port) && Number(draft.port) >= 1 && Number(draft.port) <= 65535) ? 'Give a port from 1 to 65535.' : ''
  return (
    <ToolForm<Connection>
      label="Connection troubleshoot"
      hint="The way of a connection, hop by hop, and what stands in it. Where rules and routes allow it, probes are sent."
      path={`${watcher}/connectivityCheck`}
      body={{ source: { resourceId: draft.source }, destination: { ...destination, ...port }, protocol: draft.protocol }}
      ready={draft.source !== '' && (draft.resource !== '' || draft.address.trim() !== '') && portProblem === ''}
      show={(c) => <Answer connection={c} />}
    >
      <TargetField label="Source" targets={targets} value={draft.source} change={(t) => set({ source: t.id })} />
      <TargetField label="Destination" targets={[{ id: '', label: 'An IP address', address: '' }, ...(targets ?? [])]} value={draft.resource} change={(t) => set({ resource: t.id })} />
      <Field label="Destination IP address" required={draft.resource === ''}>
        <Input className={styles.narrow} value={draft.resource === '' ? draft.address : ''} disabled={draft.resource !== ''} onChange={(_, data) => set({ address: data.value })} autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Protocol">
        <Dropdown
          className={styles.narrow}
          value={draft.protocol.toUpperCase()}
          selectedOptions={[draft.protocol]}
          onOptionSelect={(_, data) => set({ protocol: data.optionValue ?? 'Tcp', port: usualPorts[data.optionValue ?? ''] ?? draft.port })}
        >
          {['Tcp', 'Http', 'Https', 'Icmp'].map((p) => (
            <Option key={p} value={p}>
              {p.toUpperCase()}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <Field label="Destination port" validationMessage={portProblem || undefined}>
        <Input className={styles.narrow} value={draft.protocol === 'Icmp' ? '' : draft.port} disabled={draft.protocol === 'Icmp'} onChange={(_, data) => set({ port: data.value })} inputMode="numeric" />
      </Field>
    </ToolForm>
  )
}

function Answer({ connection }: { connection: Connection }) {
  const styles = useStyles()
  const { connectionStatus, hops = [] } = connection
  const reachable = connectionStatus === 'Reachable'
  return (
    <>
      <MessageBar intent={reachable ? 'success' : 'error'} layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>{connectionStatus}</MessageBarTitle>
          {outcomeText(connection)}
        </MessageBarBody>
      </MessageBar>
      <Card>
        <Subtitle2 as="h2">Hops</Subtitle2>
        <ol className={styles.list} aria-label="Hops">
          {hops.map((hop) => (
            <Hop key={hop.id} hop={hop} />
          ))}
        </ol>
      </Card>
    </>
  )
}

function Hop({ hop: { type, address = '', resourceId = '', issues = [] } }: { hop: ConnectionHop }) {
  const styles = useStyles()
  return (
    <li className={styles.hop}>
      {issues.length > 0 ? <DismissCircleFilled className={mergeClasses(styles.icon, styles.bad)} aria-label="Stopped" /> : <CheckmarkCircleFilled className={mergeClasses(styles.icon, styles.good)} aria-label="Passed" />}
      <div>
        <Text weight="semibold" className={styles.text}>
          {type} {resourceId === '' ? '' : <ResourceLink id={resourceId} />}
        </Text>
        <Text size={200} className={mergeClasses(styles.text, styles.muted)}>
          {address}
        </Text>
        {issues.map((issue, i) => (
          <Text key={i} className={styles.text}>
            {issueText(issue)}
          </Text>
        ))}
      </div>
    </li>
  )
}
