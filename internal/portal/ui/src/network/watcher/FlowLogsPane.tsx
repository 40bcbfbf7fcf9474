import { Button, Checkbox, Dropdown, Field, Input, Option, Radio, RadioGroup, Spinner, makeStyles } from '@fluentui/react-components'
import { AddRegular, DeleteRegular, DocumentTextRegular, EditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { nameOf, parentOf } from '../../api/id'
import { useResource, useResources } from '../../api/resources'
import { useAll } from '../../api/subscription'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { EmptyState } from '../../frame/EmptyState'
import { ErrorView } from '../../frame/ErrorView'
import { FormDrawer } from '../../frame/FormDrawer'
import { useChange } from '../../frame/notifications'
import { ResourceLink } from '../../frame/ResourceLink'
import { useResourceId } from '../../frame/ResourcePage'
import { ResourceTable, type Column } from '../../frame/ResourceTable'
import { useSaving } from '../../frame/saving'
import { StateBadge } from '../../frame/StateBadge'
import { resourceNameProblem } from '../name'
import { groupType, interfaceType, networkType, watcherType, type Interface, type SecurityGroup, type VirtualNetwork } from '../resources'
import { daysProblem, flowLogBody, flowLogDraft, newFlowLog, retentionText, storageOf, type FlowLog } from './flowLog'

const useStyles = makeStyles({ tools: { display: 'flex' }, narrow: { minWidth: 0 } })

/** FlowLogsPane has the flow logs of a watcher: what is written of the flows of a network, a group, a subnet or an interface. */
export function FlowLogsPane() {
  const styles = useStyles()
  const id = useResourceId(watcherType)
  const watcher = useResource<{ location: string }>(id)
  const logs = useResources<FlowLog>(`${id}/flowLogs`)
  const change = useChange()
  const [edited, setEdited] = useState<FlowLog | 'new'>()
  const [deleting, setDeleting] = useState<FlowLog>()
  if (watcher.error && !watcher.data) return <ErrorView error={watcher.error} retry={() => void watcher.refetch()} />
  if (!watcher.data) return <Spinner label="Reading the network watcher" />
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setEdited('new')}>
      Add flow log
    </Button>
  )
  const remove = () => {
    if (deleting === undefined) return
    const { name } = deleting
    change({ id: deleting.id, title: `Deleting the flow log ${name}`, done: `The flow log ${name} was deleted.`, send: (client) => client.delete(deleting.id) }).catch(() => undefined) // the notification tells it
  }
  return (
    <>
      {logs.data !== undefined && logs.data.length > 0 && <div className={styles.tools}>{add}</div>}
      <ResourceTable
        label="Flow logs"
        noun="flow log"
        rows={logs.data}
        keyOf={(l) => l.id}
        columns={columns(setEdited, setDeleting)}
        error={logs.error}
        retry={() => void logs.refetch()}
        empty={<EmptyState icon={DocumentTextRegular} title="No flow logs yet" text="A flow log writes each flow of its target into files of the server's data folder, in the form that Azure's tools read." action={add} />}
      />
      {edited !== undefined && <FlowLogForm watcher={id} location={watcher.data.body.location} read={edited === 'new' ? undefined : edited} close={() => setEdited(undefined)} />}
      <ConfirmDialog open={deleting !== undefined} close={() => setDeleting(undefined)} title={`Delete the flow log ${deleting?.name ?? ''}?`} action="Delete" confirm={remove}>
        No more flows are written. The files that are there stay.
      </ConfirmDialog>
    </>
  )
}

function columns(edit: (l: FlowLog) => void, remove: (l: FlowLog) => void): Column<FlowLog>[] {
  return [
    { key: 'name', title: 'Name', value: (l) => l.name },
    { key: 'target', title: 'Target', value: (l) => nameOf(l.properties.targetResourceId), show: (l) => <ResourceLink id={l.properties.targetResourceId} /> },
    { key: 'state', title: 'State', value: stateOf, show: (l) => <StateBadge state={stateOf(l)} /> },
    { key: 'kept', title: 'Files are kept', value: retentionText, wide: true },
    { key: 'version', title: 'Version', value: (l) => l.properties.format?.version ?? '', wide: true, width: '72px' },
    {
      key: 'actions',
      title: '',
      width: '84px',
      show: (l) => (
        <>
          <Button appearance="subtle" size="small" icon={<EditRegular />} aria-label={`Edit flow log ${l.name}`} onClick={() => edit(l)} />
          <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Delete flow log ${l.name}`} onClick={() => remove(l)} />
        </>
      ),
    },
  ]
}

function stateOf(l: FlowLog): string {
  return l.properties.enabled === false ? 'Disabled' : 'Enabled'
}

/** useLogTargets are what flow logs can be of, with labels. */
function useLogTargets(): { id: string; label: string }[] {
  const networks = useAll<VirtualNetwork>(networkType).data ?? []
  const groups = useAll<SecurityGroup>(groupType).data ?? []
  const interfaces = useAll<Interface>(interfaceType).data ?? []
  return [
    ...networks.map((n) => ({ id: n.id, label: `${n.name} (virtual network)` })),
    ...networks.flatMap((n) => n.properties.subnets).map((s) => ({ id: s.id, label: `${nameOf(parentOf(s.id))} / ${s.name}` })),
    ...groups.map((g) => ({ id: g.id, label: `${g.name} (network security group)` })),
    ...interfaces.map((i) => ({ id: i.id, label: `${i.name} (network interface)` })),
  ]
}

type LogField = 'name' | 'target' | 'days'

function logField(target: string): LogField | undefined {
  if (target === 'name') return 'name'
  if (target.includes('targetResourceId')) return 'target'
  return target.includes('retentionPolicy') ? 'days' : undefined
}

interface FlowLogFormProps {
  watcher: string // ID
  location: string
  read: FlowLog | undefined // undefined: a new one
  close: () => void
}

function FlowLogForm({ watcher, location, read, close }: FlowLogFormProps) {
  const styles = useStyles()
  const targets = useLogTargets()
  const [draft, setDraft] = useState(() => (read === undefined ? newFlowLog : flowLogDraft(read)))
  const { problems, save } = useSaving(logField)
  const set = (change: Partial<typeof draft>) => setDraft({ ...draft, ...change })
  const nameProblem = draft.name === '' ? '' : resourceNameProblem(draft.name)
  const days = daysProblem(draft.days)
  const id = read?.id ?? `${watcher}/flowLogs/${draft.name}`
  const body = flowLogBody(draft, location, read?.properties.storageId ?? storageOf(watcher), read)
  const submit = () =>
    save(
      {
        id,
        title: `${read ? 'Changing' : 'Adding'} the flow log ${draft.name}`,
        done: `The flow log ${draft.name} was ${read ? 'changed' : 'added'}.`,
        send: (client) => client.put(id, body, read === undefined ? { ifNoneMatch: '*' } : read.etag === undefined ? {} : { ifMatch: read.etag }),
      },
      close,
    )
  return (
    <FormDrawer
      open
      close={close}
      title={read === undefined ? 'Add flow log' : `Flow log ${read.name}`}
      save={submit}
      saveLabel={read === undefined ? 'Add' : 'Save'}
      saveDisabled={draft.name === '' || nameProblem !== '' || draft.target === '' || days !== ''}
      problems={problems.rest}
    >
      <Field label="Name" required validationMessage={problems.fields.name ?? (nameProblem || undefined)}>
        <Input value={draft.name} onChange={(_, data) => set({ name: data.value })} disabled={read !== undefined} autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Target" required hint="A target has one flow log" validationMessage={problems.fields.target}>
        <Dropdown
          className={styles.narrow}
          value={targets.find((t) => t.id === draft.target)?.label ?? nameOf(draft.target)}
          selectedOptions={[draft.target]}
          onOptionSelect={(_, data) => set({ target: data.optionValue ?? '' })}
          placeholder="Choose what it is of"
          disabled={read !== undefined}
        >
          {targets.map((t) => (
            <Option key={t.id} value={t.id}>
              {t.label}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <Checkbox label="Enabled" checked={draft.enabled} onChange={(_, data) => set({ enabled: data.checked === true })} />
      <Field label="Days that files are kept" hint="0: for ever" validationMessage={problems.fields.days ?? (days || undefined)}>
        <Input value={draft.days} onChange={(_, data) => set({ days: data.value })} inputMode="numeric" />
      </Field>
      <Field label="Version of the format">
        <RadioGroup layout="horizontal" value={String(draft.version)} onChange={(_, data) => set({ version: Number(data.value) })}>
          <Radio value="1" label="1" />
          <Radio value="2" label="2, with states and bytes" />
        </RadioGroup>
      </Field>
    </FormDrawer>
  )
}
