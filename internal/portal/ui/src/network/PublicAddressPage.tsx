import { Button, Field, Input, Spinner } from '@fluentui/react-components'
import { EditRegular, GlobeRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../api/client'
import { groupOf, nameOf } from '../api/id'
import { useResource } from '../api/resources'
import { CopyText } from '../frame/CopyText'
import { DeleteButton } from '../frame/DeleteButton'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { FormDrawer } from '../frame/FormDrawer'
import { Page } from '../frame/Page'
import { ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { useSaving } from '../frame/saving'
import { egressProblem, egressTag, userOf } from './egress'
import { addressType, type PublicAddress } from './resources'

/** PublicAddressPage is a public address: what it is, who uses it, and how its flows leave. */
export function PublicAddressPage() {
  const id = useResourceId(addressType)
  const address = useResource<PublicAddress>(id)
  const [editing, setEditing] = useState(false)
  return (
    <Page
      title={nameOf(id)}
      subtitle="Public IP address"
      icon={GlobeRegular}
      commands={
        <DeleteButton id={id} noun="public IP address" then="/public-ip-addresses">
          It stays as long as anything uses it.
        </DeleteButton>
      }
    >
      {address.error && <ErrorView error={address.error} retry={() => void address.refetch()} />}
      {address.isPending && <Spinner label="Reading the address" />}
      {address.data && (
        <>
          <AddressFacts address={address.data.body} />
          <div>
            <Button icon={<EditRegular />} onClick={() => setEditing(true)}>
              Edit egress
            </Button>
          </div>
          {editing && <EgressForm address={address.data} close={() => setEditing(false)} />}
        </>
      )}
    </Page>
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
        { label: 'Used by', value: user === '' ? '' : <ResourceLink id={user} /> },
        { label: 'SKU', value: sku?.name ?? '' },
        { label: 'Allocation', value: properties.publicIPAllocationMethod },
        { label: 'Resource group', value: groupOf(id) },
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
