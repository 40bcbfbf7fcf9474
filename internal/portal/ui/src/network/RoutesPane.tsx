import { Button, Spinner, makeStyles } from '@fluentui/react-components'
import { AddRegular, ArrowRoutingRegular, DeleteRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { useResource } from '../api/resources'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { ErrorView } from '../frame/ErrorView'
import { ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { tableType, type Route, type RouteTable } from './resources'
import { nextHopLabel } from './route'
import { RouteForm } from './RouteForm'
import { deletion, useNetworkChange } from './saving'

const useStyles = makeStyles({ tools: { display: 'flex' } })

/** RoutesPane has the routes of a table. The address may name one, which is then open. */
export function RoutesPane() {
  const styles = useStyles()
  const id = useResourceId(tableType)
  const navigate = useNavigate()
  const { route: open } = useParams()
  const table = useResource<RouteTable>(id)
  const [adding, setAdding] = useState(false)
  const [deleting, setDeleting] = useState<Route>()
  if (table.error) return <ErrorView error={table.error} retry={() => void table.refetch()} />
  if (!table.data) return <Spinner label="Reading the routes" />
  const { routes } = table.data.body.properties
  const edited = routes.find((r) => r.name.toLowerCase() === open?.toLowerCase())
  const close = () => {
    setAdding(false)
    if (open !== undefined) void navigate(id)
  }
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
      Add route
    </Button>
  )
  return (
    <>
      {routes.length > 0 && <div className={styles.tools}>{add}</div>}
      <ResourceTable
        label="Routes"
        noun="route"
        rows={routes}
        keyOf={(r) => r.id}
        columns={columns(setDeleting)}
        empty={
          <EmptyState
            icon={ArrowRoutingRegular}
            title="No routes yet"
            text="Without routes of its own, a subnet takes the system's: its network stays inside, all else leaves for the Internet."
            action={add}
          />
        }
      />
      {(adding || edited) && <RouteForm key={edited?.id ?? ''} table={table.data.body} route={edited} close={close} />}
      <DeleteRoute route={deleting} close={() => setDeleting(undefined)} />
    </>
  )
}

function columns(remove: (r: Route) => void): Column<Route>[] {
  return [
    { key: 'name', title: 'Name', value: (r) => r.name, show: (r) => <ResourceLink id={r.id} /> },
    { key: 'prefix', title: 'Address prefix', value: (r) => r.properties.addressPrefix },
    { key: 'type', title: 'Next hop type', value: (r) => nextHopLabel(r.properties.nextHopType) },
    { key: 'hop', title: 'Next hop address', value: (r) => r.properties.nextHopIpAddress ?? '', wide: true },
    {
      key: 'actions',
      title: '',
      width: '48px',
      show: (r) => <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Delete route ${r.name}`} onClick={() => remove(r)} />,
    },
  ]
}

function DeleteRoute({ route, close }: { route: Route | undefined; close: () => void }) {
  const { carry, question } = useNetworkChange()
  const name = route?.name ?? ''
  const remove = () => void (route && carry(deletion(route.id, `the route ${name}`)))
  return (
    <>
      <ConfirmDialog open={route !== undefined} close={close} title={`Delete the route ${name}?`} action="Delete" confirm={remove}>
        What it led takes another route at once.
      </ConfirmDialog>
      {question}
    </>
  )
}
