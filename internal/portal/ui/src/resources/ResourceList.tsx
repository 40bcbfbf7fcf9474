import { GridRegular } from '@fluentui/react-icons'
import { useSubscription } from '../api/subscription'
import { Page } from '../frame/Page'
import { ScopeResources } from './ScopeResources'

/** ResourceList is the list of all resources of the subscription. */
export function ResourceList() {
  const subscription = useSubscription()
  return (
    <Page title="All resources" icon={GridRegular}>
      <ScopeResources scope={subscription === '' ? '' : `/subscriptions/${subscription}`} />
    </Page>
  )
}
