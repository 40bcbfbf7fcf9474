import { Button, Field, Input, MessageBar, MessageBarBody, Spinner } from '@fluentui/react-components'
import { EditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../api/client'
import { useResource } from '../api/resources'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { FormDrawer } from '../frame/FormDrawer'
import { ResourceLinks } from '../frame/ResourceLinks'
import { GroupLink } from '../frame/ResourceRows'
import { useResourceId } from '../frame/ResourcePage'
import { useSaving } from '../frame/saving'
import { looksLikeIPv6, parseAddress, rangeProblem } from './address'
import { networkType, ownersOf, type VirtualNetwork } from './resources'
import { listed } from './rule'

/** NetworkOverview shows a virtual network, and changes its address space and name servers. */
export function NetworkOverview() {
  const id = useResourceId(networkType)
  const network = useResource<VirtualNetwork>(id)
  const [editing, setEditing] = useState(false)
  if (network.error) return <ErrorView error={network.error} retry={() => void network.refetch()} />
  if (!network.data) return <Spinner label="Reading the network" />
  const { properties, location } = network.data.body
  const servers = properties.dhcpOptions?.dnsServers ?? []
  const owners = [...new Set(properties.subnets.flatMap(ownersOf))]
  return (
    <>
      <Facts
        facts={[
          { label: 'Resource group', value: <GroupLink id={id} /> },
          { label: 'Location', value: location },
          { label: 'Address space', value: properties.addressSpace.addressPrefixes.join(', ') },
          { label: 'Name servers', value: servers.length === 0 ? 'Those of this machine' : servers.join(', ') },
          { label: 'Subnets', value: String(properties.subnets.length) },
          {
            label: 'In this network',
            value: owners.length === 0 ? '' : <ResourceLinks ids={owners} />,
          },
        ]}
      />
      <div>
        <Button icon={<EditRegular />} onClick={() => setEditing(true)}>
          Edit addresses
        </Button>
      </div>
      {editing && <AddressForm network={network.data} close={() => setEditing(false)} />}
    </>
  )
}

type Field_ = 'space' | 'servers'

function fieldOf(target: string): Field_ | undefined {
  if (target.includes('addressSpace')) return 'space'
  return target.includes('dnsServers') ? 'servers' : undefined
}

function serversProblem(text: string): string {
  const wrong = listed(text).find((s) => !looksLikeIPv6(s) && parseAddress(s) === undefined)
  return wrong === undefined ? '' : `“${wrong}” is no IP address.`
}

function AddressForm({ network, close }: { network: Answer<VirtualNetwork>; close: () => void }) {
  const { id, name, location, tags, properties } = network.body
  const [read] = useState(network) // as it was when the form was opened
  const [space, setSpace] = useState(properties.addressSpace.addressPrefixes.join(', '))
  const [servers, setServers] = useState((properties.dhcpOptions?.dnsServers ?? []).join(', '))
  const { problems, save } = useSaving(fieldOf)
  const spaceProblem =
    listed(space).length === 0
      ? 'Give at least one range.'
      : (listed(space)
          .map(rangeProblem)
          .find((p) => p !== '') ?? '')
  const body = {
    location,
    ...(tags === undefined ? {} : { tags }),
    properties: { ...read.body.properties, addressSpace: { addressPrefixes: listed(space) }, dhcpOptions: { dnsServers: listed(servers) } },
  }
  const submit = () =>
    save({ id, title: `Changing the addresses of ${name}`, done: `The addresses of ${name} were changed.`, send: (client) => client.put(id, body, { ifMatch: read.etag }) }, close)
  return (
    <FormDrawer open close={close} title={`Addresses of ${name}`} save={submit} saveDisabled={spaceProblem !== '' || serversProblem(servers) !== ''} problems={problems.rest}>
      <Field label="Address space" required hint="Ranges in CIDR notation, with commas" validationMessage={problems.fields.space ?? (spaceProblem || undefined)}>
        <Input value={space} onChange={(_, data) => setSpace(data.value)} spellCheck={false} />
      </Field>
      <Field
        label="Name servers"
        hint="IP addresses with commas; none: those of this machine"
        validationMessage={problems.fields.servers ?? (serversProblem(servers) || undefined)}
      >
        <Input value={servers} onChange={(_, data) => setServers(data.value)} spellCheck={false} />
      </Field>
      <MessageBar intent="info" layout="multiline">
        <MessageBarBody>Restart the environments of the network when the name servers have changed: until then they ask the old ones.</MessageBarBody>
      </MessageBar>
    </FormDrawer>
  )
}
