import { Button, Checkbox, Field, Input, Spinner } from '@fluentui/react-components'
import { EditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../../api/client'
import { useResource } from '../../api/resources'
import { ErrorView } from '../../frame/ErrorView'
import { Facts } from '../../frame/Facts'
import { FormDrawer } from '../../frame/FormDrawer'
import { useResourceId } from '../../frame/ResourcePage'
import { looksLikeIPv6, parseAddress } from '../address'
import { policyType, type FirewallPolicy } from '../resources'
import { listed } from '../rule'
import { kept, useNetworkSaving } from '../saving'

/** PolicyDns shows and changes a policy's DNS settings: whom its firewalls ask, and whether they answer themselves. */
export function PolicyDns() {
  const id = useResourceId(policyType)
  const policy = useResource<FirewallPolicy>(id)
  const [editing, setEditing] = useState<Answer<FirewallPolicy>>()
  if (policy.error && !policy.data) return <ErrorView error={policy.error} retry={() => void policy.refetch()} />
  if (!policy.data) return <Spinner label="Reading the DNS settings" />
  const { servers = [], enableProxy = false, requireProxyForNetworkRules = false } = policy.data.body.properties.dnsSettings ?? {}
  return (
    <>
      <Facts
        facts={[
          { label: 'Name servers', value: servers.length === 0 ? 'Those of the virtual network' : servers.join(', ') },
          { label: 'DNS proxy', value: enableProxy ? 'On: the firewalls answer at port 53' : 'Off' },
          { label: 'Network rules need the proxy', value: requireProxyForNetworkRules ? 'Yes' : 'No' },
        ]}
      />
      <div>
        <Button icon={<EditRegular />} onClick={() => setEditing(policy.data)}>
          Edit
        </Button>
      </div>
      {editing && <DnsForm read={editing} close={() => setEditing(undefined)} />}
    </>
  )
}

function DnsForm({ read, close }: { read: Answer<FirewallPolicy>; close: () => void }) {
  const { id, name, properties } = read.body
  const { dnsSettings: was } = properties
  const [servers, setServers] = useState((was?.servers ?? []).join(', '))
  const [proxy, setProxy] = useState(was?.enableProxy ?? false)
  const [required, setRequired] = useState(was?.requireProxyForNetworkRules ?? false)
  const { problems, save, question } = useNetworkSaving((target) => (target.includes('servers') ? 'servers' : undefined))
  const wrong = listed(servers).find((s) => !looksLikeIPv6(s) && parseAddress(s) === undefined)
  const body = { ...kept(read.body), properties: { ...properties, dnsSettings: { ...was, servers: listed(servers), enableProxy: proxy, requireProxyForNetworkRules: proxy && required } } }
  const submit = () =>
    save({ id, body, title: `Changing the DNS settings of ${name}`, done: `The DNS settings of ${name} were changed.`, send: (client) => client.put(id, body, { ifMatch: read.etag }) }, close)
  return (
    <FormDrawer open close={close} title={`DNS settings of ${name}`} save={submit} saveDisabled={wrong !== undefined} problems={problems.rest} over={question}>
      <Field
        label="Name servers"
        hint="IP addresses with commas; none: those of the virtual network"
        validationMessage={problems.fields.servers ?? (wrong === undefined ? undefined : `“${wrong}” is no IP address.`)}
      >
        <Input value={servers} onChange={(_, data) => setServers(data.value)} autoComplete="off" spellCheck={false} />
      </Field>
      <Checkbox label="The firewalls are a DNS proxy" checked={proxy} onChange={(_, data) => setProxy(data.checked === true)} />
      <Checkbox label="Network rules with names need the proxy" checked={proxy && required} disabled={!proxy} onChange={(_, data) => setRequired(data.checked === true)} />
    </FormDrawer>
  )
}
