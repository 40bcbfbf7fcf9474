import { useResource } from '../api/resources'
import { useResourceId } from '../frame/ResourcePage'
import { Associations } from './Associations'
import { groupType, type SecurityGroup } from './resources'

/** GroupSubnets are the subnets of a network security group. */
export function GroupSubnets() {
  const id = useResourceId(groupType)
  const group = useResource<SecurityGroup>(id)
  return group.data ? <Associations id={id} member="networkSecurityGroup" location={group.data.body.location} /> : null
}
