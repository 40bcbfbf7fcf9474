import { useScope } from '../frame/scope'
import { DeploymentRows } from './DeploymentRows'

/** GroupDeployments lists the deployments of the resource group of the page. */
export function GroupDeployments() {
  return <DeploymentRows groups={[useScope()]} />
}
