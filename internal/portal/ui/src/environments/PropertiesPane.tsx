import { Text } from '@fluentui/react-components'
import type { IPAddress } from '../api/models/logic'
import { CopyText } from '../frame/CopyText'
import { Facts } from '../frame/Facts'
import { timeOf } from '../frame/format'
import { useEnvironment } from './useEnvironment'

/** PropertiesPane shows an environment's addresses, endpoint and identifiers (ise.md A7, row 112). */
export function PropertiesPane() {
  const { id, environment } = useEnvironment()
  if (environment === undefined) return null
  const { properties } = environment
  const { workflow, connector } = properties.endpointsConfiguration ?? {}
  const { dnsServers = [], isolation } = properties.networkConfiguration ?? {}
  return (
    <Facts
      facts={[
        { label: 'Resource ID', value: <CopyText text={id} label="the resource ID" /> },
        { label: 'Environment ID', value: <CopyText text={properties.integrationServiceEnvironmentId ?? ''} label="the environment's ID" /> },
        { label: 'Access endpoint', value: properties.networkConfiguration?.accessEndpoint?.type ?? '' },
        { label: 'Access endpoint IP addresses', value: addresses(workflow?.accessEndpointIpAddresses) },
        { label: 'Workflow outgoing IP addresses', value: addresses(workflow?.outgoingIpAddresses) },
        { label: 'Connector access IP addresses', value: addresses(connector?.accessEndpointIpAddresses) },
        { label: 'Connector outgoing IP addresses', value: addresses(connector?.outgoingIpAddresses) },
        { label: 'Name servers', value: dnsServers.length === 0 ? "The network's default" : dnsServers.join(', ') },
        { label: 'Network health', value: `${properties.networkHealth?.state ?? 'Unknown'} since ${timeOf(properties.networkHealth?.since)}` },
        { label: 'Isolation', value: isolation === undefined ? '' : <Isolation {...isolation} /> },
        { label: 'Identity', value: environment.identity?.type ?? 'None' },
      ]}
    />
  )
}

/** Isolation says whether the environment is apart from the rest of the machine, and if not, why. */
function Isolation({ mode, isolated, reasons }: { mode: string; isolated: boolean; reasons: string[] }) {
  return (
    <>
      {isolated ? 'Isolated' : 'Not isolated'} (data plane {mode})
      {reasons.map((r) => (
        <Text key={r} size={200} block>
          {r}
        </Text>
      ))}
    </>
  )
}

function addresses(list: IPAddress[] | undefined) {
  const text = (list ?? []).map((a) => a.address ?? '').join(', ')
  return text === '' ? 'None of its own' : <CopyText text={text} label="the addresses" />
}
