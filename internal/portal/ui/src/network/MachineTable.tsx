import { Button, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular, PlugConnectedRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { nameOf, parentOf, sameId } from '../api/id'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { useChange } from '../frame/notifications'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { detach, endpointText, machinesOf, subnetOf, type Machine } from './machine'
import { MachineForm } from './MachineForm'
import { useAll } from '../api/subscription'
import { interfaceType, type Interface } from './resources'

const useStyles = makeStyles({ tools: { display: 'flex', columnGap: tokens.spacingHorizontalS } })

/** MachineTable lists the attached machines of a network, or of all for '', and attaches and detaches them. */
export function MachineTable({ network }: { network: string }) {
  const styles = useStyles()
  const interfaces = useAll<Interface>(interfaceType)
  const change = useChange()
  const [adding, setAdding] = useState(false)
  const [leaving, setLeaving] = useState<Machine>()
  const here = interfaces.data?.filter((nic) => network === '' || sameId(parentOf(subnetOf(nic)), network))
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
      Attach machine
    </Button>
  )
  const remove = () => {
    if (leaving === undefined) return
    const text = endpointText(leaving)
    change({ id: leaving.nic.id, title: `Detaching ${text}`, done: `${text} is no longer attached.`, send: (client) => detach(client, leaving) }).catch(() => undefined) // the notification tells it
  }
  const empty = (
    <EmptyState
      icon={PlugConnectedRegular}
      title="Nothing is attached"
      text="A real server, such as one on this machine, becomes part of the network when one of its ports, or all of it, is attached to a private address."
      action={add}
    />
  )
  return (
    <>
      {here !== undefined && here.length > 0 && <div className={styles.tools}>{add}</div>}
      <ResourceTable
        label="Attached machines"
        noun="attachment"
        rows={here && machinesOf(here)}
        keyOf={(m) => `${m.nic.id}/${m.attachment.port ?? ''}`}
        columns={columns(setLeaving)}
        error={interfaces.error}
        empty={empty}
      />
      {adding && <MachineForm network={network} close={() => setAdding(false)} />}
      <ConfirmDialog open={leaving !== undefined} close={() => setLeaving(undefined)} title={`Detach ${leaving ? endpointText(leaving) : ''}?`} action="Detach" confirm={remove}>
        The network interface goes with the last of what is attached to it.
      </ConfirmDialog>
    </>
  )
}

function columns(remove: (m: Machine) => void): Column<Machine>[] {
  return [
    { key: 'private', title: 'Private address', value: endpointText },
    { key: 'real', title: 'Served at', value: (m) => m.attachment.real },
    { key: 'network', title: 'Network', value: (m) => nameOf(parentOf(subnetOf(m.nic))), show: (m) => <ResourceLink id={parentOf(subnetOf(m.nic))} />, wide: true },
    { key: 'subnet', title: 'Subnet', value: (m) => nameOf(subnetOf(m.nic)), show: (m) => <ResourceLink id={subnetOf(m.nic)} />, wide: true },
    { key: 'interface', title: 'Interface', value: (m) => m.nic.name, show: (m) => <ResourceLink id={m.nic.id} /> },
    {
      key: 'actions',
      title: '',
      width: '48px',
      show: (m) => <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Detach ${endpointText(m)}`} onClick={() => remove(m)} />,
    },
  ]
}
