import { Spinner } from '@fluentui/react-components'
import { parentOf } from '../api/id'
import { useResource } from '../api/resources'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourceLinks } from '../frame/ResourceLinks'
import { useResourceId } from '../frame/ResourcePage'
import { GroupLink } from '../frame/ResourceRows'
import { groupsOf } from './application'
import { servedText } from './attachment'
import { privateOf, subnetOf } from './machine'
import { attachmentsOf, interfaceType, type Interface } from './resources'

/** MachineOverview shows a network interface: what it stands for, and where it is. */
export function MachineOverview() {
  const nic = useResource<Interface>(useResourceId(interfaceType))
  if (nic.error && !nic.data) return <ErrorView error={nic.error} retry={() => void nic.refetch()} />
  if (!nic.data) return <Spinner label="Reading the interface" />
  const { body } = nic.data
  const subnet = subnetOf(body)
  const group = body.properties.networkSecurityGroup?.id
  return (
    <Facts
      facts={[
        { label: 'Resource group', value: <GroupLink id={body.id} /> },
        { label: 'Location', value: body.location },
        { label: 'Private address', value: privateOf(body) },
        { label: 'Served at', value: servedText(attachmentsOf(body)) },
        { label: 'Virtual network', value: subnet === '' ? '' : <ResourceLink id={parentOf(subnet)} /> },
        { label: 'Subnet', value: subnet === '' ? '' : <ResourceLink id={subnet} /> },
        { label: 'Network security group', value: group === undefined ? '' : <ResourceLink id={group} /> },
        { label: 'Application security groups', value: groupsOf(body).length === 0 ? '' : <ResourceLinks ids={groupsOf(body)} /> },
      ]}
    />
  )
}
