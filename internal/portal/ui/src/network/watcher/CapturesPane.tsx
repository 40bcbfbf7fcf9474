import { Button, Dropdown, Field, Input, Option, Subtitle2, Text, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, ArrowDownloadRegular, DeleteRegular, RecordRegular, StopRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useClient } from '../../api/context'
import type { ApiError } from '../../api/error'
import { nameOf } from '../../api/id'
import { useResources } from '../../api/resources'
import { useAll } from '../../api/subscription'
import { download } from '../../editor/download'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { EmptyState } from '../../frame/EmptyState'
import { counted } from '../../frame/format'
import { FormDrawer } from '../../frame/FormDrawer'
import { useChange, useNotifications } from '../../frame/notifications'
import { ResourceLink } from '../../frame/ResourceLink'
import { useResourceId } from '../../frame/ResourcePage'
import { ResourceTable, type Column } from '../../frame/ResourceTable'
import { useSaving } from '../../frame/saving'
import { StateBadge } from '../../frame/StateBadge'
import { resourceNameProblem } from '../name'
import { networkType, rangesOf, watcherType, type VirtualNetwork } from '../resources'
import { bytesProblem, captureBody, newCapture, statusText, timeProblem, type CaptureStatus, type PacketCapture } from './capture'
import { useTargets } from './target'

const useStyles = makeStyles({
  tools: { display: 'flex' },
  pair: { display: 'grid', gridTemplateColumns: '1fr 1fr', columnGap: tokens.spacingHorizontalM, alignItems: 'start' },
  narrow: { minWidth: 0 },
  muted: { display: 'block', color: tokens.colorNeutralForeground3, overflowWrap: 'anywhere' },
})

/** CapturesPane has the packet captures of a watcher: starts, stops, downloads and deletes them. */
export function CapturesPane() {
  const styles = useStyles()
  const id = useResourceId(watcherType)
  const captures = useResources<PacketCapture>(`${id}/packetCaptures`)
  const change = useChange()
  const [adding, setAdding] = useState(false)
  const [deleting, setDeleting] = useState<PacketCapture>()
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
      Add packet capture
    </Button>
  )
  const remove = () => {
    if (deleting === undefined) return
    const { name } = deleting
    change({ id: deleting.id, title: `Deleting the packet capture ${name}`, done: `The packet capture ${name} was deleted.`, send: (client) => client.delete(deleting.id) }).catch(() => undefined) // the notification tells it
  }
  return (
    <>
      {captures.data !== undefined && captures.data.length > 0 && <div className={styles.tools}>{add}</div>}
      <ResourceTable
        label="Packet captures"
        noun="packet capture"
        rows={captures.data}
        keyOf={(c) => c.id}
        columns={columns(setDeleting)}
        error={captures.error}
        retry={() => void captures.refetch()}
        empty={
          <EmptyState
            icon={RecordRegular}
            title="No packet captures yet"
            text="A packet capture writes the packets of a network interface, an environment or one of its subnets into a file. It needs the kernel's data plane, and has payloads in it."
            action={add}
          />
        }
      />
      {adding && <CaptureForm watcher={id} close={() => setAdding(false)} />}
      <ConfirmDialog open={deleting !== undefined} close={() => setDeleting(undefined)} title={`Delete the packet capture ${deleting?.name ?? ''}?`} action="Delete" confirm={remove}>
        What was captured goes with it.
      </ConfirmDialog>
    </>
  )
}

function columns(remove: (c: PacketCapture) => void): Column<PacketCapture>[] {
  return [
    { key: 'name', title: 'Name', value: (c) => c.name },
    { key: 'target', title: 'Target', value: (c) => nameOf(c.properties.target), show: (c) => <ResourceLink id={c.properties.target} /> },
    { key: 'status', title: 'Status', show: (c) => <Status capture={c} /> },
    { key: 'path', title: 'File', value: (c) => c.properties.storageLocation?.storagePath ?? '', wide: true },
    { key: 'actions', title: '', width: '124px', show: (c) => <Actions capture={c} remove={remove} /> },
  ]
}

const every = 3_000 // ms between looks at a capture that runs

function useStatus({ id }: PacketCapture) {
  const client = useClient()
  return useQuery<CaptureStatus, ApiError>({
    queryKey: ['capture status', id.toLowerCase()],
    queryFn: async ({ signal }) => (await client.post<CaptureStatus>(`${id}/queryStatus`, undefined, { signal })).body,
    refetchInterval: ({ state }) => (isOpen(state.data) ? every : false),
  })
}

function isOpen(status: CaptureStatus | undefined): boolean {
  return status?.packetCaptureStatus === 'Running' || status?.packetCaptureStatus === 'NotStarted'
}

function Status({ capture }: { capture: PacketCapture }) {
  const styles = useStyles()
  const { data, error } = useStatus(capture)
  if (error && !data) return error.message
  if (!data) return ''
  return (
    <>
      <StateBadge state={data.packetCaptureStatus ?? ''} />
      <Text size={200} className={styles.muted}>
        {[data.packets === undefined ? '' : counted(data.packets, 'packet'), statusText({ ...data, packetCaptureStatus: '' })].filter((t) => t !== '').join(', ')}
      </Text>
    </>
  )
}

function Actions({ capture, remove }: { capture: PacketCapture; remove: (c: PacketCapture) => void }) {
  const { id, name } = capture
  const client = useClient()
  const change = useChange()
  const notifications = useNotifications()
  const status = useStatus(capture)
  const stop = () => {
    change({ id, title: `Stopping ${name}`, done: `${name} has stopped.`, send: (c) => c.post(`${id}/stop`) })
      .catch(() => undefined) // the notification tells it
      .finally(() => void status.refetch())
  }
  const save = () => {
    const work = { title: `Downloading ${name}`, done: `${name} was downloaded.` }
    void notifications
      .follow(work, async () => {
        const { body } = await client.post<{ value: string }>(`${id}/listContentUrl`)
        download(`${name}.pcap`, await client.bytes(body.value), 'application/vnd.tcpdump.pcap')
      })
      .catch(() => undefined) // the notification tells it
  }
  return (
    <>
      {isOpen(status.data) && <Button appearance="subtle" size="small" icon={<StopRegular />} aria-label={`Stop ${name}`} onClick={stop} />}
      <Button appearance="subtle" size="small" icon={<ArrowDownloadRegular />} aria-label={`Download ${name}`} onClick={save} />
      <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Delete ${name}`} onClick={() => remove(capture)} />
    </>
  )
}

/** useCaptureTargets are environments, interfaces, and the subnets of networks. */
function useCaptureTargets(): { id: string; label: string }[] {
  const targets = useTargets() ?? []
  const networks = useAll<VirtualNetwork>(networkType).data ?? []
  return [...targets, ...networks.flatMap((n) => n.properties.subnets.map((s) => ({ id: s.id, label: `${n.name} / ${s.name} (${rangesOf(s).join(', ')})` })))]
}

const members: Record<string, 'name' | 'target' | 'total' | 'seconds' | 'perPacket'> = {
  name: 'name',
  'properties.target': 'target',
  'properties.totalBytesPerSession': 'total',
  'properties.timeLimitInSeconds': 'seconds',
  'properties.bytesToCapturePerPacket': 'perPacket',
}

function CaptureForm({ watcher, close }: { watcher: string; close: () => void }) {
  const styles = useStyles()
  const targets = useCaptureTargets()
  const [draft, setDraft] = useState(newCapture)
  const { problems, save } = useSaving((target) => members[target])
  const set = (change: Partial<typeof draft>) => setDraft({ ...draft, ...change })
  const nameProblem = draft.name === '' ? '' : resourceNameProblem(draft.name)
  const own = { perPacket: bytesProblem(draft.perPacket), total: bytesProblem(draft.total), seconds: timeProblem(draft.seconds) }
  const id = `${watcher}/packetCaptures/${draft.name}`
  const submit = () =>
    save(
      { id, title: `Starting ${draft.name}`, done: `${draft.name} captures packets.`, send: (client) => client.put(id, captureBody(draft, draft.name), { ifNoneMatch: '*' }) },
      close,
    )
  const text = (member: 'perPacket' | 'total' | 'seconds', label: string, hint?: string) => (
    <Field label={label} hint={hint} validationMessage={problems.fields[member] ?? (own[member] || undefined)}>
      <Input className={styles.narrow} value={draft[member]} onChange={(_, data) => set({ [member]: data.value })} inputMode="numeric" autoComplete="off" />
    </Field>
  )
  const filter = (member: 'local' | 'localPort' | 'remote' | 'remotePort', label: string, placeholder: string) => (
    <Field label={label}>
      <Input className={styles.narrow} value={draft[member]} onChange={(_, data) => set({ [member]: data.value })} placeholder={placeholder} autoComplete="off" spellCheck={false} />
    </Field>
  )
  return (
    <FormDrawer
      open
      close={close}
      title="Add packet capture"
      save={submit}
      saveLabel="Start"
      saveDisabled={draft.name === '' || nameProblem !== '' || draft.target === '' || Object.values(own).some((p) => p !== '')}
      problems={problems.rest}
    >
      <Field label="Name" required validationMessage={problems.fields.name ?? (nameProblem || undefined)}>
        <Input value={draft.name} onChange={(_, data) => set({ name: data.value })} autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Target" required validationMessage={problems.fields.target}>
        <Dropdown className={styles.narrow} value={targets.find((t) => t.id === draft.target)?.label ?? ''} selectedOptions={[draft.target]} onOptionSelect={(_, data) => set({ target: data.optionValue ?? '' })} placeholder="Choose whose packets">
          {targets.map((t) => (
            <Option key={t.id} value={t.id}>
              {t.label}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <div className={styles.pair}>
        {text('seconds', 'Time limit in seconds')}
        {text('total', 'Bytes at most')}
      </div>
      {text('perPacket', 'Bytes of a packet', '0: all of it')}
      <Subtitle2 as="h3">Filter</Subtitle2>
      <Field label="Protocol">
        <Dropdown className={styles.narrow} value={draft.protocol} selectedOptions={[draft.protocol]} onOptionSelect={(_, data) => set({ protocol: data.optionValue ?? 'Any' })}>
          {['Any', 'TCP', 'UDP'].map((p) => (
            <Option key={p} value={p}>
              {p}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <div className={styles.pair}>
        {filter('local', 'Local addresses', '10.0.2.4;10.0.2.8-10.0.2.9')}
        {filter('localPort', 'Local ports', '80;8000-8099')}
      </div>
      <div className={styles.pair}>
        {filter('remote', 'Remote addresses', '203.0.113.10')}
        {filter('remotePort', 'Remote ports', '443')}
      </div>
    </FormDrawer>
  )
}
