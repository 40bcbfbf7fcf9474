import { Button, Spinner } from '@fluentui/react-components'
import { EditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../api/client'
import { parentOf } from '../api/id'
import { useResource } from '../api/resources'
import { CopyText } from '../frame/CopyText'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { FormDrawer } from '../frame/FormDrawer'
import { ResourceLink } from '../frame/ResourceLink'
import { GroupLink } from '../frame/ResourceRows'
import { useResourceId } from '../frame/ResourcePage'
import { ofFirewall } from './collection'
import { firewallSubnet, privateAddress } from './firewall'
import { PolicyField } from './policies/PolicyField'
import { PublicLinks } from './PublicLinks'
import { firewallType, type Firewall } from './resources'
import { kept, useNetworkSaving } from './saving'

/** FirewallOverview shows a firewall; its private address is what routes lead to. */
export function FirewallOverview() {
  const id = useResourceId(firewallType)
  const firewall = useResource<Firewall>(id)
  const [editing, setEditing] = useState<Answer<Firewall>>()
  if (firewall.error) return <ErrorView error={firewall.error} retry={() => void firewall.refetch()} />
  if (!firewall.data) return <Spinner label="Reading the firewall" />
  const { properties, location } = firewall.data.body
  const address = privateAddress(firewall.data.body)
  const subnet = firewallSubnet(firewall.data.body)
  const publics = properties.ipConfigurations.flatMap((c) => c.properties.publicIPAddress?.id ?? [])
  return (
    <>
      <Facts
        facts={[
          { label: 'Private IP address', value: address === '' ? '' : <CopyText text={address} label="private IP address" /> },
          { label: 'Public IP addresses', value: publics.length === 0 ? '' : <PublicLinks ids={publics} /> },
          { label: 'Virtual network', value: subnet === '' ? '' : <ResourceLink id={parentOf(subnet)} /> },
          { label: 'Subnet', value: subnet === '' ? '' : <ResourceLink id={subnet} /> },
          properties.firewallPolicy === undefined
            ? { label: 'Rule collections', value: <ResourceLink id={`${id}/rules`}>{String(ofFirewall(properties).length)}</ResourceLink> }
            : { label: 'Firewall policy', value: <ResourceLink id={properties.firewallPolicy.id} /> },
          { label: 'Tier', value: properties.sku?.tier ?? '' },
          { label: 'Resource group', value: <GroupLink id={id} /> },
          { label: 'Location', value: location },
        ]}
      />
      <div>
        <Button icon={<EditRegular />} onClick={() => setEditing(firewall.data)}>
          Change firewall policy
        </Button>
      </div>
      {editing && <FirewallPolicyForm read={editing} close={() => setEditing(undefined)} />}
    </>
  )
}

/** FirewallPolicyForm gives a firewall a policy, or another, or takes it away. */
function FirewallPolicyForm({ read, close }: { read: Answer<Firewall>; close: () => void }) {
  const { id, name, properties } = read.body
  const { firewallPolicy: was, ...rest } = properties
  const [policy, setPolicy] = useState(was?.id ?? '')
  const { problems, save, question } = useNetworkSaving((target) => (target.includes('firewallPolicy') ? 'policy' : undefined))
  const body = { ...kept(read.body), properties: { ...rest, ...(policy !== '' && { firewallPolicy: { id: policy } }) } }
  const submit = () => save({ id, body, title: `Changing ${name}`, done: `${name} was changed.`, send: (client) => client.put(id, body, { ifMatch: read.etag }) }, close)
  return (
    <FormDrawer open close={close} title={`Firewall policy of ${name}`} save={submit} problems={problems.rest} over={question} size="small">
      <PolicyField value={policy} change={setPolicy} problem={problems.fields.policy} />
    </FormDrawer>
  )
}
