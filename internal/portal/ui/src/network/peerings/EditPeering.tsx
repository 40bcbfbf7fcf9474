import { useState } from 'react'
import { nameOf } from '../../api/id'
import { FormDrawer } from '../../frame/FormDrawer'
import { Facts } from '../../frame/Facts'
import { ResourceLink } from '../../frame/ResourceLink'
import type { Peering } from '../resources'
import { useNetworkSaving } from '../saving'
import { gatewayProblem, sideBody, sideDraft, syncText } from './peering'
import { SideFields } from './SideFields'

/** EditPeering changes what a network's side of a peering allows. */
export function EditPeering({ network, peering, close }: { network: string; peering: Peering; close: () => void }) {
  const [read] = useState(peering) // as it was when the form was opened
  const [draft, setDraft] = useState(() => sideDraft(read))
  const { problems, save, question } = useNetworkSaving(() => undefined)
  const { id, name, etag, properties } = read
  const remote = properties.remoteVirtualNetwork.id
  const body = sideBody(draft, remote, read)
  const submit = () =>
    save({ id, body, title: `Changing ${name}`, done: `${name} was changed.`, send: (client) => client.put(id, body, etag === undefined ? {} : { ifMatch: etag }) }, close)
  return (
    <FormDrawer open close={close} title={`Peering ${name}`} save={submit} saveDisabled={gatewayProblem(draft) !== ''} problems={problems.rest} over={question}>
      <Facts
        facts={[
          { label: 'Peer', value: <ResourceLink id={remote} /> },
          { label: 'State', value: properties.peeringState ?? '' },
          { label: 'Addresses', value: syncText(properties.peeringSyncLevel) },
          { label: `Space of ${nameOf(remote)}`, value: (properties.remoteAddressSpace?.addressPrefixes ?? []).join(', ') },
        ]}
      />
      <SideFields of={nameOf(network)} to={nameOf(remote)} draft={draft} change={setDraft} fixed />
    </FormDrawer>
  )
}
