import { BookGlobeRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { BasicsFields } from '../../frame/Basics'
import { completeBasics, createResource, newId, useBasics } from '../../frame/creating'
import { FormDrawer } from '../../frame/FormDrawer'
import type { Column } from '../../frame/ResourceTable'
import { useSaving } from '../../frame/saving'
import { TypeList } from '../../frame/TypeList'
import { zoneType } from '../resources'
import { zoneNameProblem, type Zone } from './record'

const columns: Column<Zone>[] = [
  { key: 'sets', title: 'Record sets', value: (z) => z.properties.numberOfRecordSets ?? 0 },
  { key: 'links', title: 'Linked networks', value: (z) => z.properties.numberOfVirtualNetworkLinks ?? 0 },
]

/** ZoneList lists the private DNS zones. */
export function ZoneList() {
  const [creating, setCreating] = useState(false)
  return (
    <TypeList
      title="Private DNS zones"
      icon={BookGlobeRegular}
      type={zoneType}
      noun="private DNS zone"
      columns={columns}
      create={() => setCreating(true)}
      emptyText="A private DNS zone has names that the networks linked to it know, and nobody else."
    >
      {creating && <CreateZone close={() => setCreating(false)} />}
    </TypeList>
  )
}

/** CreateZone makes a zone, which is of no region, and goes to it. */
function CreateZone({ close }: { close: () => void }) {
  const navigate = useNavigate()
  const { subscription, draft: typed, change, groups } = useBasics()
  const draft = { ...typed, location: 'global' }
  const { problems, save } = useSaving((target) => (target === 'name' ? 'name' : undefined))
  const id = newId(subscription, zoneType, draft)
  const wrong = zoneNameProblem(draft.name)
  const create = () =>
    save(
      { id, title: `Creating ${draft.name}`, done: `${draft.name} was created.`, target: id, send: (client) => createResource(client, subscription, zoneType, draft, { properties: {} }) },
      () => {
        close()
        void navigate(id)
      },
    )
  return (
    <FormDrawer open close={close} title="Create private DNS zone" save={create} saveLabel="Create" saveDisabled={!completeBasics(draft) || wrong !== ''} problems={problems.rest}>
      <BasicsFields draft={draft} change={change} groups={groups} nameHint="The domain, such as contoso.internal" nameProblem={problems.fields.name ?? wrong} locationHint="Zones are of no region" />
    </FormDrawer>
  )
}
