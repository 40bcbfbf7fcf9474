import { Spinner } from '@fluentui/react-components'
import { PlugConnectedRegular } from '@fluentui/react-icons'
import { groupOf, nameOf, parentOf } from '../api/id'
import { useResource } from '../api/resources'
import { DeleteButton } from '../frame/DeleteButton'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { Page } from '../frame/Page'
import { ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { attachmentText } from './attachment'
import { privateOf, subnetOf } from './machine'
import { attachmentsOf, interfaceType, type Interface } from './resources'

/** MachinePage is a network interface: what it stands for, and where it is. */
export function MachinePage() {
  const id = useResourceId(interfaceType)
  const nic = useResource<Interface>(id)
  return (
    <Page
      title={nameOf(id)}
      subtitle="Network interface"
      icon={PlugConnectedRegular}
      commands={
        <DeleteButton id={id} noun="network interface" then="/attached-machines">
          What is attached by it is no longer part of the network.
        </DeleteButton>
      }
    >
      {nic.error && <ErrorView error={nic.error} retry={() => void nic.refetch()} />}
      {nic.isPending && <Spinner label="Reading the interface" />}
      {nic.data && <InterfaceFacts nic={nic.data.body} />}
    </Page>
  )
}

function InterfaceFacts({ nic }: { nic: Interface }) {
  const subnet = subnetOf(nic)
  const group = nic.properties.networkSecurityGroup?.id
  return (
    <Facts
      facts={[
        { label: 'Resource group', value: groupOf(nic.id) },
        { label: 'Location', value: nic.location },
        { label: 'Private address', value: privateOf(nic) },
        { label: 'Served at', value: attachmentText(attachmentsOf(nic)) },
        { label: 'Virtual network', value: subnet === '' ? '' : <ResourceLink id={parentOf(subnet)} /> },
        { label: 'Subnet', value: subnet === '' ? '' : <ResourceLink id={subnet} /> },
        { label: 'Security group', value: group === undefined ? '' : <ResourceLink id={group} /> },
      ]}
    />
  )
}
