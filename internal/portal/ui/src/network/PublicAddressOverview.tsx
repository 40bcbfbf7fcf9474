import { Button, Field, Input, Spinner } from '@fluentui/react-components'
import { EditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../api/client'
import { useResource } from '../api/resources'
import { CopyText } from '../frame/CopyText'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { FormDrawer } from '../frame/FormDrawer'
import { ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { GroupLink } from '../frame/ResourceRows'
import { useSaving } from '../frame/saving'
import { egressProblem, egressTag, userOf } from './egress'
import { addressType, type PublicAddress } from './resources'

/** PublicAddressOverview shows a public address: what it is, who uses it, and how its flows leave. */
export function PublicAddressOverview() {
  const id = useResourceId(addressType)
  const address = useResource<PublicAddress>(id)
  const [editing, setEditing] = useState(false)
  if (address.error && !address.data) return <ErrorView error={address.error} retry={() => void address.refetch()} />
  if (!address.data) return <Spinner label="Reading the address" />
  return (
    <>
      <AddressFacts address={address.data.body} />
      <div>
        <Button icon={<EditRegular />} onClick={() => setEditing(true)}>
          Edit egress
        </Button>
      </div>
      {editing && <EgressForm address={address.data} close={() => setEditing(false)} />}
    </>
  )
}

function AddressFacts({ address }: { address: PublicAddress }) {
  const { properties, tags, location, sku, id } = address
  const user = userOf(address)
  return (
    <Facts
      facts={[
        { label: 'IP address', value: properties.ipAddress ? <CopyText text={properties.ipAddress} label="IP address" /> : '' },
        { label: 'Flows leave by', value: tags?.[egressTag] ?? 'Nothing: the host’s own address' },
        { label: 'Used by', value: user === '' ? 'Nothing' : <ResourceLink id={user} /> },
        { label: 'SKU', value: sku?.name ?? '' },
        { label: 'Allocation', value: properties.publicIPAllocationMethod },
        { label: 'Resource group', value: <GroupLink id={id} /> },
        { label: 'Location', value: location },
      ]}
    />
  )
}

function EgressForm({ address, close }: { address: Answer<PublicAddress>; close: () => void }) {
  const { id, name, tags = {} } = address.body
  const [read] = useState(address) // as it was when the form was opened
  const [text, setText] = useState(tags[egressTag] ?? '')
  const { problems, save } = useSaving((target) => (target.startsWith('tags') ? 'egress' : undefined))
  const problem = egressProblem(text)
  const { [egressTag]: _old, ...rest } = read.body.tags ?? {}
  const wanted = text === '' ? rest : { ...rest, [egressTag]: text }
  const submit = () => save({ id, title: `Changing ${name}`, done: `${name} was changed.`, send: (client) => client.patch(id, { tags: wanted }, { ifMatch: read.etag }) }, close)
  return (
    <FormDrawer open close={close} title="Edit egress" save={submit} saveDisabled={problem !== ''} problems={problems.rest}>
      <Field
        label="Flows leave by"
        hint="bind:ADDRESS, an address of this machine, or a proxy: socks5://HOST:PORT or http://HOST:PORT. Nothing: the host's own address."
        validationMessage={problems.fields.egress ?? (problem || undefined)}
      >
        <Input value={text} onChange={(_, data) => setText(data.value)} placeholder="bind:192.0.2.10" autoComplete="off" spellCheck={false} />
      </Field>
    </FormDrawer>
  )
}
