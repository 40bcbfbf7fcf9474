import { Button, Checkbox, Input, Text, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, AppsListRegular, DeleteRegular, SearchRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { nameOf } from '../api/id'
import type { IntegrationServiceEnvironmentManagedAPI } from '../api/models/logic'
import { useResources } from '../api/resources'
import { useSubscription } from '../api/subscription'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { counted } from '../frame/format'
import { FormDrawer } from '../frame/FormDrawer'
import { useChange } from '../frame/notifications'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { StateBadge } from '../frame/StateBadge'
import { useEnvironment } from './useEnvironment'

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column' },
  muted: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
})

type Connector = IntegrationServiceEnvironmentManagedAPI & { id: string; name: string }

const columns: Column<Connector>[] = [
  { key: 'name', title: 'Name', value: (c) => c.properties?.generalInformation?.displayName ?? c.name },
  { key: 'api', title: 'API', value: (c) => c.name, wide: true },
  { key: 'category', title: 'Category', value: (c) => String(c.properties?.category ?? ''), wide: true },
  { key: 'state', title: 'Status', value: (c) => String(c.properties?.provisioningState ?? ''), show: (c) => <StateBadge state={String(c.properties?.provisioningState ?? '')} /> },
]

/** ConnectorsPane adds managed connectors to the environment, and removes them (ise.md A6). */
export function ConnectorsPane() {
  const { id } = useEnvironment()
  const connectors = useResources<Connector>(`${id}/managedApis`)
  const change = useChange()
  const [selected, select] = useState<ReadonlySet<string>>(new Set())
  const [asking, setAsking] = useState(false)
  const [adding, setAdding] = useState(false)
  const remove = () => {
    for (const connector of selected) {
      const name = nameOf(connector)
      change({ id: connector, title: `Removing the connector ${name}`, done: `The connector ${name} was removed.`, send: (client) => client.delete(connector) }).catch(() => undefined) // the notification tells it
    }
    select(new Set())
  }
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
      Add
    </Button>
  )
  return (
    <>
      <ResourceTable
        label="Managed connectors"
        noun="connector"
        rows={connectors.data}
        keyOf={(c) => c.id}
        columns={columns}
        error={connectors.error}
        selected={selected}
        select={select}
        tools={
          <>
            {add}
            <Button icon={<DeleteRegular />} disabled={selected.size === 0} onClick={() => setAsking(true)}>
              Delete
            </Button>
          </>
        }
        empty={<EmptyState icon={AppsListRegular} title="No managed connectors yet" text="Connectors with the label ISE run inside the environment once they are added." action={add} />}
      />
      {adding && <AddConnectors environment={id} there={(connectors.data ?? []).map((c) => c.name.toLowerCase())} close={() => setAdding(false)} />}
      <ConfirmDialog open={asking} close={() => setAsking(false)} title={`Remove ${counted(selected.size, 'connector')}?`} action="Delete" confirm={remove}>
        {[...selected].map(nameOf).join(', ')}. Workflows that use them fail until they are added again.
      </ConfirmDialog>
    </>
  )
}

interface ManagedApi {
  id: string
  name: string
  properties: { generalInformation?: { displayName?: string } }
}

function AddConnectors({ environment, there, close }: { environment: string; there: string[]; close: () => void }) {
  const styles = useStyles()
  const subscription = useSubscription()
  const all = useResources<ManagedApi>(`/subscriptions/${subscription}/providers/Microsoft.Web/locations/local/managedApis`, { enabled: subscription !== '' })
  const change = useChange()
  const [wanted, setWanted] = useState('')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const title = (a: ManagedApi) => a.properties.generalInformation?.displayName ?? a.name
  const toggle = (name: string) => {
    const next = new Set(chosen)
    if (!next.delete(name)) next.add(name)
    setChosen(next)
  }
  const save = async () => {
    for (const name of chosen) {
      const id = `${environment}/managedApis/${name}`
      change({ id, title: `Adding the connector ${name}`, done: `The connector ${name} was added.`, send: (client) => client.put(id, { properties: {} }) }).catch(() => undefined) // the notification tells it
    }
    close()
  }
  const shown = (all.data ?? []).filter((a) => `${title(a)} ${a.name}`.toLowerCase().includes(wanted.trim().toLowerCase()))
  return (
    <FormDrawer open title="Add managed connectors" close={close} save={save} saveLabel="Create" saveDisabled={chosen.size === 0}>
      <Input type="search" contentBefore={<SearchRegular />} placeholder="Find connector" aria-label="Find connector" value={wanted} onChange={(_, data) => setWanted(data.value)} />
      <ul className={styles.list}>
        {shown.map((a) => {
          const deployed = there.includes(a.name.toLowerCase())
          return (
            <li key={a.id}>
              <Checkbox label={title(a)} checked={deployed || chosen.has(a.name)} disabled={deployed} onChange={() => toggle(a.name)} />
              {deployed && <Text className={styles.muted}>is there already</Text>}
            </li>
          )
        })}
      </ul>
    </FormDrawer>
  )
}
