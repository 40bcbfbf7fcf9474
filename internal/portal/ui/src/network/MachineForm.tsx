import { Field, Input, MessageBar, MessageBarBody, makeStyles, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { sameId } from '../api/id'
import { FormDrawer } from '../frame/FormDrawer'
import { useSaving } from '../frame/saving'
import { parseAddress } from './address'
import { attachmentOf, interfaceName, portProblem, realProblem } from './attachment'
import { attach, placeOf, privateOf, subnetOf } from './machine'
import { useAll } from '../api/subscription'
import { interfaceType, networkType, type Interface, type VirtualNetwork } from './resources'

const useStyles = makeStyles({ pair: { display: 'grid', gridTemplateColumns: '2fr 1fr', columnGap: tokens.spacingHorizontalM, alignItems: 'start' } })

type MachineField = 'address' | 'real'

function fieldOf(target: string): MachineField | undefined {
  if (target.toLowerCase().startsWith('tags')) return 'real'
  return target.endsWith('privateIPAddress') || target.endsWith('subnet') ? 'address' : undefined
}

/** MachineForm attaches a real address to a private one, as `isle port add` does. */
export function MachineForm({ network, close }: { network: string; close: () => void }) {
  const styles = useStyles()
  const all = useAll<VirtualNetwork>(networkType)
  const interfaces = useAll<Interface>(interfaceType)
  const [address, setAddress] = useState('')
  const [port, setPort] = useState('')
  const [real, setReal] = useState('')
  const { problems, save } = useSaving(fieldOf)
  const networks = (all.data ?? []).filter((n) => network === '' || sameId(n.id, network))
  const place = placeOf(networks, address)
  const nic = interfaces.data?.find((n) => privateOf(n) === address.trim() && place !== undefined && sameId(subnetOf(n), place.subnet.id))
  const addressProblem = problemOf(address, place === undefined, networks)
  const attachment = attachmentOf(port, real)
  const submit = () => {
    if (place === undefined) return Promise.resolve()
    const wanted = { address: address.trim(), name: interfaceName(address.trim()), attachment }
    const text = port === '' ? wanted.address : `${wanted.address}:${port}`
    return save(
      { id: nic?.id ?? place.subnet.id, title: `Attaching ${text}`, done: `${text} is served at ${attachment.real}.`, send: (client) => attach(client, place, nic, wanted) },
      close,
    )
  }
  return (
    <FormDrawer
      open
      close={close}
      title="Attach machine"
      save={submit}
      saveLabel="Attach"
      saveDisabled={addressProblem !== '' || address === '' || portProblem(port) !== '' || realProblem(real, port) !== ''}
      problems={problems.rest}
    >
      <div className={styles.pair}>
        <Field
          label="Private address"
          required
          hint={place === undefined ? undefined : `In the subnet ${place.subnet.name} of ${place.network.name}`}
          validationMessage={problems.fields.address ?? (addressProblem || undefined)}
        >
          <Input value={address} onChange={(_, data) => setAddress(data.value)} placeholder="10.0.2.50" autoComplete="off" spellCheck={false} />
        </Field>
        <Field label="Port" hint="None: all" validationMessage={portProblem(port) || undefined}>
          <Input value={port} onChange={(_, data) => setPort(data.value)} placeholder="22" inputMode="numeric" autoComplete="off" />
        </Field>
      </div>
      <Field
        label="Served at"
        required
        hint="A real address that this machine reaches, such as 127.0.0.1:2222; without a port, the same one. Where the kernel holds the networks, also netns:/run/netns/NAME or tap:NAME."
        validationMessage={problems.fields.real ?? (real === '' ? undefined : realProblem(real, port) || undefined)}
      >
        <Input value={real} onChange={(_, data) => setReal(data.value)} placeholder="127.0.0.1:2222" autoComplete="off" spellCheck={false} />
      </Field>
      {port === '' && real !== '' && (
        <MessageBar intent="info" layout="multiline">
          <MessageBarBody>All of {real} becomes this address of the network: its calls come from there, too.</MessageBarBody>
        </MessageBar>
      )}
    </FormDrawer>
  )
}

function problemOf(address: string, nowhere: boolean, networks: VirtualNetwork[]): string {
  if (address.trim() === '') return ''
  if (parseAddress(address) === undefined) return 'Give an IP address of a subnet, such as 10.0.2.50.'
  return nowhere && networks.length > 0 ? `No subnet of ${networks.length === 1 ? (networks[0]?.name ?? '') : 'any network'} has this address.` : ''
}
