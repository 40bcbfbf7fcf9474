import { Spinner } from '@fluentui/react-components'
import { parentOf } from '../api/id'
import { useResource } from '../api/resources'
import { CopyText } from '../frame/CopyText'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { ResourceLink } from '../frame/ResourceLink'
import { GroupLink } from '../frame/ResourceRows'
import { useResourceId } from '../frame/ResourcePage'
import { firewallSubnet, privateAddress } from './firewall'
import { PublicLinks } from './PublicLinks'
import { firewallType, type Firewall } from './resources'

/** FirewallOverview shows a firewall; its private address is what routes lead to. */
export function FirewallOverview() {
  const id = useResourceId(firewallType)
  const firewall = useResource<Firewall>(id)
  if (firewall.error) return <ErrorView error={firewall.error} retry={() => void firewall.refetch()} />
  if (!firewall.data) return <Spinner label="Reading the firewall" />
  const { properties, location } = firewall.data.body
  const address = privateAddress(firewall.data.body)
  const subnet = firewallSubnet(firewall.data.body)
  const publics = properties.ipConfigurations.flatMap((c) => c.properties.publicIPAddress?.id ?? [])
  return (
    <Facts
      facts={[
        { label: 'Private IP address', value: address === '' ? '' : <CopyText text={address} label="private IP address" /> },
        { label: 'Public IP addresses', value: publics.length === 0 ? '' : <PublicLinks ids={publics} /> },
        { label: 'Virtual network', value: subnet === '' ? '' : <ResourceLink id={parentOf(subnet)} /> },
        { label: 'Subnet', value: subnet === '' ? '' : <ResourceLink id={subnet} /> },
        { label: 'Rule collections', value: <ResourceLink id={`${id}/rules`}>{String(properties.networkRuleCollections.length)}</ResourceLink> },
        { label: 'Tier', value: properties.sku?.tier ?? '' },
        { label: 'Resource group', value: <GroupLink id={id} /> },
        { label: 'Location', value: location },
      ]}
    />
  )
}
