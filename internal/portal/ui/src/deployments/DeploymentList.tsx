import { CloudArrowUpRegular } from '@fluentui/react-icons'
import { useResourceGroups, useSubscription } from '../api/subscription'
import { Page } from '../frame/Page'
import { DeploymentRows } from './DeploymentRows'

/** DeploymentList is the list of the deployments of all resource groups. */
export function DeploymentList() {
  const groups = useResourceGroups(useSubscription())
  return (
    <Page title="Deployments" icon={CloudArrowUpRegular}>
      <DeploymentRows groups={groups.data?.map((g) => g.id)} />
    </Page>
  )
}
