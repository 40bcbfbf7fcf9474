import { Spinner } from '@fluentui/react-components'
import { GlobeArrowForwardRegular, InfoRegular } from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { useResource } from '../api/resources'
import { CopyText } from '../frame/CopyText'
import { ErrorView } from '../frame/ErrorView'
import { everyPane } from '../frame/everywhere'
import { Facts } from '../frame/Facts'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { GroupLink } from '../frame/ResourceRows'
import { DeleteNetworkButton } from './DeleteNetworkButton'
import { PublicLinks } from './PublicLinks'
import { prefixType, type PublicPrefix } from './resources'

const panes: Pane[] = [{ title: 'Overview', path: '', icon: InfoRegular }, ...everyPane]

/** PublicPrefixPage is the frame of a public IP prefix's panes. */
export function PublicPrefixPage() {
  const id = useResourceId(prefixType)
  const commands = (
    <DeleteNetworkButton id={id} noun="public IP prefix" then="/public-ip-prefixes">
      It stays as long as a NAT gateway has it, or a public address is made of it.
    </DeleteNetworkButton>
  )
  return <ResourcePage title={nameOf(id)} subtitle="Public IP prefix" icon={GlobeArrowForwardRegular} panes={panes} commands={commands} />
}

/** PublicPrefixOverview shows a public IP prefix: its range, and who has addresses of it. */
export function PublicPrefixOverview() {
  const prefix = useResource<PublicPrefix>(useResourceId(prefixType))
  if (prefix.error && !prefix.data) return <ErrorView error={prefix.error} retry={() => void prefix.refetch()} />
  if (!prefix.data) return <Spinner label="Reading the prefix" />
  const { id, location, sku, properties: p } = prefix.data.body
  const made = (p.publicIPAddresses ?? []).map((a) => a.id)
  return (
    <Facts
      facts={[
        { label: 'Range', value: p.ipPrefix === undefined ? '' : <CopyText text={p.ipPrefix} label="range" /> },
        { label: 'Addresses', value: String(2 ** ((p.publicIPAddressVersion === 'IPv6' ? 128 : 32) - p.prefixLength)) },
        { label: 'Public IP addresses made of it', value: made.length === 0 ? 'None' : <PublicLinks ids={made} /> },
        { label: 'NAT gateway', value: p.natGateway === undefined ? 'None' : <ResourceLink id={p.natGateway.id} /> },
        { label: 'Version', value: p.publicIPAddressVersion },
        { label: 'SKU', value: sku?.name ?? '' },
        { label: 'Resource group', value: <GroupLink id={id} /> },
        { label: 'Location', value: location },
      ]}
    />
  )
}
