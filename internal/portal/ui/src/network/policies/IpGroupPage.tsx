import { Button, Field, Spinner, Textarea } from '@fluentui/react-components'
import { EditRegular, GroupListRegular, InfoRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../../api/client'
import { nameOf } from '../../api/id'
import { useResource } from '../../api/resources'
import { EmptyState } from '../../frame/EmptyState'
import { ErrorView } from '../../frame/ErrorView'
import { everyPane } from '../../frame/everywhere'
import { Facts } from '../../frame/Facts'
import { FormDrawer } from '../../frame/FormDrawer'
import { ResourceLinks } from '../../frame/ResourceLinks'
import { ResourcePage, useResourceId, type Pane } from '../../frame/ResourcePage'
import { GroupLink } from '../../frame/ResourceRows'
import { ResourceTable } from '../../frame/ResourceTable'
import { DeleteNetworkButton } from '../DeleteNetworkButton'
import { ipGroupType, type IpGroup } from '../resources'
import { kept, useNetworkSaving } from '../saving'
import { entriesProblem } from './policy'

const panes: Pane[] = [{ title: 'Overview', path: '', icon: InfoRegular }, ...everyPane]

/** usersOf are the firewalls and policies whose rules name an IP group. */
export function usersOf({ properties: p }: IpGroup): string[] {
  return [...(p.firewalls ?? []), ...(p.firewallPolicies ?? [])].map((r) => r.id)
}

/** IpGroupPage is the frame of an IP group's panes. */
export function IpGroupPage() {
  const id = useResourceId(ipGroupType)
  const commands = (
    <DeleteNetworkButton id={id} noun="IP group" then="/ip-groups">
      It stays as long as a rule names it.
    </DeleteNetworkButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="IP group" icon={GroupListRegular} panes={panes} commands={commands} />
}

/** IpGroupOverview shows an IP group's addresses and who uses it, and changes the addresses. */
export function IpGroupOverview() {
  const group = useResource<IpGroup>(useResourceId(ipGroupType))
  const [editing, setEditing] = useState<Answer<IpGroup>>()
  if (group.error && !group.data) return <ErrorView error={group.error} retry={() => void group.refetch()} />
  if (!group.data) return <Spinner label="Reading the IP group" />
  const { body } = group.data
  const edit = (
    <Button icon={<EditRegular />} onClick={() => setEditing(group.data)}>
      Edit addresses
    </Button>
  )
  return (
    <>
      <Facts
        facts={[
          { label: 'Resource group', value: <GroupLink id={body.id} /> },
          { label: 'Location', value: body.location },
          { label: 'Used by', value: usersOf(body).length === 0 ? 'No rule' : <ResourceLinks ids={usersOf(body)} /> },
        ]}
      />
      {body.properties.ipAddresses.length > 0 && <div>{edit}</div>}
      <ResourceTable
        label="Addresses"
        noun="entry"
        nouns="entries"
        rows={body.properties.ipAddresses.map((address) => ({ address }))}
        keyOf={(r) => r.address}
        columns={[{ key: 'address', title: 'Address or range', value: (r) => r.address }]}
        empty={<EmptyState icon={GroupListRegular} title="No addresses yet" text="A rule that names a group without addresses is about nothing." action={edit} />}
      />
      {editing && <AddressesForm read={editing} close={() => setEditing(undefined)} />}
    </>
  )
}

function AddressesForm({ read, close }: { read: Answer<IpGroup>; close: () => void }) {
  const { id, name, properties } = read.body
  const [text, setText] = useState(properties.ipAddresses.join('\n'))
  const { problems, save, question } = useNetworkSaving((target) => (target.includes('ipAddresses') ? 'addresses' : undefined))
  const ipAddresses = [...new Set(text.split(/[\n,]/).map((line) => line.trim()))].filter((line) => line !== '')
  const problem = entriesProblem(ipAddresses)
  const body = { ...kept(read.body), properties: { ...properties, ipAddresses } }
  const submit = () => save({ id, body, title: `Changing ${name}`, done: `${name} was changed.`, send: (client) => client.put(id, body, { ifMatch: read.etag }) }, close)
  return (
    <FormDrawer open close={close} title={`Addresses of ${name}`} save={submit} saveDisabled={problem !== ''} problems={problems.rest} over={question}>
      <Field label="Addresses" hint="One a line: an address, a range such as 10.0.0.0/24, or the first and the last address of one" validationMessage={problems.fields.addresses ?? (problem || undefined)}>
        <Textarea value={text} onChange={(_, data) => setText(data.value)} rows={12} resize="vertical" spellCheck={false} />
      </Field>
    </FormDrawer>
  )
}
