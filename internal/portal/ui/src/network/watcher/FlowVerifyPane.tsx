import { Dropdown, Field, Input, MessageBar, MessageBarBody, MessageBarTitle, Option, Radio, RadioGroup, makeStyles } from '@fluentui/react-components'
import { useState } from 'react'
import { useResourceId } from '../../frame/ResourcePage'
import { ResourceLink } from '../../frame/ResourceLink'
import { watcherType } from '../resources'
import type { Decision } from '../trace'
import { TargetField } from './TargetField'
import { useTargets } from './target'
import { ToolForm } from './ToolForm'

const useStyles = makeStyles({ narrow: { minWidth: 0 }, text: { overflowWrap: 'anywhere' } })

/** Verified is what POST {watcher}/ipFlowVerify answers. */
interface Verified {
  access: string
  ruleName?: string
  decision?: Decision
}

/** FlowVerifyPane asks what the security groups at a target make of a flow. */
export function FlowVerifyPane() {
  const styles = useStyles()
  const watcher = useResourceId(watcherType)
  const targets = useTargets()
  const [draft, setDraft] = useState({ target: '', direction: 'Outbound', protocol: 'TCP', local: '', localPort: '*', remote: '', remotePort: '443' })
  const set = (change: Partial<typeof draft>) => setDraft({ ...draft, ...change })
  const outbound = draft.direction === 'Outbound'
  const turn = (direction: string) => set(direction === 'Outbound' ? { direction, localPort: '*', remotePort: '443' } : { direction, localPort: '443', remotePort: '*' })
  const text = (member: 'local' | 'localPort' | 'remote' | 'remotePort', label: string) => (
    <Field label={label} required>
      <Input className={styles.narrow} value={draft[member]} onChange={(_, data) => set({ [member]: data.value })} autoComplete="off" spellCheck={false} />
    </Field>
  )
  return (
    <ToolForm<Verified>
      label="IP flow verify"
      hint={`What the security groups at the target make of a flow. The port of the ${outbound ? 'local' : 'remote'} end, where it begins, may be *.`}
      path={`${watcher}/ipFlowVerify`}
      body={{
        targetResourceId: draft.target,
        direction: draft.direction,
        protocol: draft.protocol,
        localIPAddress: draft.local.trim(),
        localPort: draft.localPort.trim(),
        remoteIPAddress: draft.remote.trim(),
        remotePort: draft.remotePort.trim(),
      }}
      ready={draft.target !== '' && [draft.local, draft.localPort, draft.remote, draft.remotePort].every((t) => t.trim() !== '')}
      show={(v) => <Answer verified={v} />}
    >
      <TargetField label="Target" targets={targets} value={draft.target} change={(t) => set({ target: t.id, local: t.address })} />
      <Field label="Direction">
        <RadioGroup layout="horizontal" value={draft.direction} onChange={(_, data) => turn(data.value)}>
          <Radio value="Outbound" label="Outbound" />
          <Radio value="Inbound" label="Inbound" />
        </RadioGroup>
      </Field>
      <Field label="Protocol">
        <Dropdown className={styles.narrow} value={draft.protocol} selectedOptions={[draft.protocol]} onOptionSelect={(_, data) => set({ protocol: data.optionValue ?? 'TCP' })}>
          <Option value="TCP">TCP</Option>
          <Option value="UDP">UDP</Option>
        </Dropdown>
      </Field>
      {text('local', 'Local IP address')}
      {text('localPort', 'Local port')}
      {text('remote', 'Remote IP address')}
      {text('remotePort', 'Remote port')}
    </ToolForm>
  )
}

function Answer({ verified: { access, ruleName, decision } }: { verified: Verified }) {
  const styles = useStyles()
  const allowed = access === 'Allow'
  const by = ruleName === undefined || ruleName === '' ? 'No rule decides it.' : `By ${ruleName}.`
  return (
    <MessageBar intent={allowed ? 'success' : 'error'} layout="multiline">
      <MessageBarBody className={styles.text}>
        <MessageBarTitle>{allowed ? 'Access allowed' : 'Access denied'}</MessageBarTitle>
        {by} {decision?.nsgId && <ResourceLink id={decision.nsgId} />}
      </MessageBarBody>
    </MessageBar>
  )
}
