import { Button, Spinner, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, ArrowSyncRegular, DeleteRegular, LinkMultipleRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { nameOf } from '../../api/id'
import { useResource, useResources } from '../../api/resources'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { EmptyState } from '../../frame/EmptyState'
import { ErrorView } from '../../frame/ErrorView'
import { ResourceLink } from '../../frame/ResourceLink'
import { useResourceId } from '../../frame/ResourcePage'
import { ResourceTable, type Column } from '../../frame/ResourceTable'
import { StateBadge } from '../../frame/StateBadge'
import { networkType, type Peering, type VirtualNetwork } from '../resources'
import { deletion, useNetworkChange, type Edit } from '../saving'
import { AddPeering } from './AddPeering'
import { EditPeering } from './EditPeering'
import { backOf, inSync, syncText } from './peering'

const useStyles = makeStyles({ tools: { display: 'flex', columnGap: tokens.spacingHorizontalS } })

/** PeeringsPane lists a network's peerings with the states of both sides, and makes, changes, syncs and deletes them. The address may name one, which is then open. */
export function PeeringsPane() {
  const styles = useStyles()
  const id = useResourceId(networkType)
  const navigate = useNavigate()
  const { peering: open } = useParams()
  const network = useResource<VirtualNetwork>(id)
  const peerings = useResources<Peering>(`${id}/virtualNetworkPeerings`)
  const [adding, setAdding] = useState(false)
  const [deleting, setDeleting] = useState<Peering>()
  const { carry, question } = useNetworkChange()
  if (network.error && !network.data) return <ErrorView error={network.error} retry={() => void network.refetch()} />
  if (!network.data) return <Spinner label="Reading the peerings" />
  const edited = peerings.data?.find((p) => p.name.toLowerCase() === open?.toLowerCase())
  const close = () => {
    setAdding(false)
    if (open !== undefined) void navigate(`${id}/peerings`)
  }
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
      Add peering
    </Button>
  )
  return (
    <>
      {peerings.data !== undefined && peerings.data.length > 0 && <div className={styles.tools}>{add}</div>}
      <ResourceTable
        label="Peerings"
        noun="peering"
        rows={peerings.data}
        keyOf={(p) => p.id}
        columns={columns(id, (p) => void carry(synced(p)), setDeleting)}
        error={peerings.error}
        retry={() => void peerings.refetch()}
        empty={<EmptyState icon={LinkMultipleRegular} title="No peerings yet" text="Two networks that are peered reach each other by their private addresses, as their rules and routes allow." action={add} />}
      />
      {adding && <AddPeering network={network.data.body} close={close} />}
      {edited && <EditPeering key={edited.id} network={id} peering={edited} close={close} />}
      <ConfirmDialog
        open={deleting !== undefined}
        close={() => setDeleting(undefined)}
        title={`Delete the peering ${deleting?.name ?? ''}?`}
        action="Delete"
        confirm={() => void (deleting && carry(deletion(deleting.id, `the peering ${deleting.name}`)))}
      >
        The two networks no longer reach each other by it. The side of {nameOf(deleting?.properties.remoteVirtualNetwork.id ?? '')} stays, as Disconnected, until it is deleted there.
      </ConfirmDialog>
      {question}
    </>
  )
}

/** synced is the change by which a side takes the address space of the other network as it is now. */
function synced(p: Peering): Edit {
  const body = { properties: p.properties }
  return {
    id: p.id,
    body,
    action: 'Sync',
    title: `Syncing ${p.name}`,
    done: `${p.name} is in sync.`,
    send: (client) => client.put(p.id, body, { query: { syncRemoteAddressSpace: 'true' }, ...(p.etag !== undefined && { ifMatch: p.etag }) }),
  }
}

function columns(network: string, sync: (p: Peering) => void, remove: (p: Peering) => void): Column<Peering>[] {
  return [
    { key: 'name', title: 'Name', value: (p) => p.name, show: (p) => <ResourceLink id={p.id} /> },
    {
      key: 'remote',
      title: 'Peer',
      value: (p) => nameOf(p.properties.remoteVirtualNetwork.id),
      show: (p) => <ResourceLink id={p.properties.remoteVirtualNetwork.id} />,
    },
    { key: 'state', title: 'State', value: (p) => p.properties.peeringState ?? '', show: (p) => <StateBadge state={p.properties.peeringState ?? ''} /> },
    { key: 'back', title: 'State of the other side', show: (p) => <OtherState network={network} peering={p} />, wide: true },
    { key: 'sync', title: 'Addresses', value: (p) => syncText(p.properties.peeringSyncLevel), wide: true },
    { key: 'access', title: 'Access', value: (p) => (p.properties.allowVirtualNetworkAccess === false ? 'Closed' : 'Open'), wide: true, width: '72px' },
    {
      key: 'actions',
      title: '',
      width: '84px',
      show: (p) => (
        <>
          {!inSync(p) && <Button appearance="subtle" size="small" icon={<ArrowSyncRegular />} aria-label={`Sync peering ${p.name}`} onClick={() => sync(p)} />}
          <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Delete peering ${p.name}`} onClick={() => remove(p)} />
        </>
      ),
    },
  ]
}

/** OtherState is the state of the other network's side; who may not read that network does not see it. */
function OtherState({ network, peering }: { network: string; peering: Peering }) {
  const sides = useResources<Peering>(`${peering.properties.remoteVirtualNetwork.id}/virtualNetworkPeerings`)
  const back = backOf(sides.data, network)
  if (sides.error) return 'Not known'
  if (sides.data === undefined) return ''
  return back === undefined ? 'There is none' : <StateBadge state={back.properties.peeringState ?? ''} />
}
