import { useResource } from '../api/resources'
import { useResourceId } from '../frame/ResourcePage'
import { Associations } from './Associations'
import { tableType, type RouteTable } from './resources'

/** TableSubnets are the subnets of a route table. */
export function TableSubnets() {
  const id = useResourceId(tableType)
  const table = useResource<RouteTable>(id)
  return table.data ? <Associations id={id} member="routeTable" location={table.data.body.location} /> : null
}
